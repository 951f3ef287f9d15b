// SPDX-License-Identifier: MIT OR Apache-2.0
//! `left-right`: two copies; each reader announces itself, the writer waits for readers to leave.
//!
//! At its best: each thread keeps its reader, and a write is one operation. Readers could use the value in place; here they copy it, as all contestants do.

use std::sync::{Mutex, PoisonError};

use left_right::{Absorb, ReadHandle, ReadHandleFactory, WriteHandle};

use crate::contestant::{Contestant, Copies, Read, Write};

#[derive(Clone)]
pub(crate) struct Value<T>(pub(crate) T);

pub(crate) struct SetTo<T>(T);

impl<T: Copy> Absorb<SetTo<T>> for Value<T> {
    fn absorb_first(&mut self, operation: &mut SetTo<T>, _: &Self) {
        self.0 = operation.0;
    }

    fn sync_with(&mut self, first: &Self) {
        self.0 = first.0;
    }
}

type Writer<T> = Mutex<WriteHandle<Value<T>, SetTo<T>>>;

pub(crate) struct LeftRight<T: Copy> {
    writer: Writer<T>,
    readers: ReadHandleFactory<Value<T>>,
}

pub(crate) struct LeftRightReader<T>(ReadHandle<Value<T>>);

pub(crate) struct LeftRightWriter<'a, T: Copy>(&'a Writer<T>);

impl<T: Copy + Send + Sync + 'static> Contestant<T> for LeftRight<T> {
    const NAME: &'static str = "left-right";
    const ON_HEAP: bool = true;
    /// An operation goes into the log and out of it, and to both copies.
    const COPIES: Copies = Copies::exactly(5, 1);

    type Reader<'a> = LeftRightReader<T>;
    type Writer<'a> = LeftRightWriter<'a, T>;

    fn new(value: T) -> Self {
        let (writer, reader) = left_right::new_from_empty(Value(value));
        Self { readers: reader.factory(), writer: Mutex::new(writer) }
    }

    fn reader(&self) -> LeftRightReader<T> {
        LeftRightReader(self.readers.handle())
    }

    fn writer(&self) -> LeftRightWriter<'_, T> {
        LeftRightWriter(&self.writer)
    }
}

impl<T: Copy> Read<T> for LeftRightReader<T> {
    #[inline(always)]
    fn read(&mut self) -> T {
        self.0.enter().expect("the write handle lives as long as the contestant").0
    }

    #[inline(always)]
    fn read_into(&mut self, out: &mut T) {
        *out = self.0.enter().expect("the write handle lives as long as the contestant").0;
    }
}

impl<T: Copy> Write<T> for LeftRightWriter<'_, T> {
    #[inline(always)]
    fn set(&mut self, value: &T) {
        let mut writer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writer.append(SetTo(*value)).publish();
    }
}
