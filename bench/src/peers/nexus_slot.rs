// SPDX-License-Identifier: MIT OR Apache-2.0
//! `nexus-slot`: a sequence lock with one writer, whose readers get each value once.
//!
//! A reader that has the newest value gets `None`, so it is left out of workloads that read one value many
//! times. At its best: the types for one writer.

use std::sync::{Mutex, MutexGuard, PoisonError};

use nexus_slot::spmc::{SharedReader, Writer, shared_slot};

use crate::contestant::{Contestant, Copies, Read, Write};

/// The writer, and a reader that never reads, so that each clone of it gets the newest value.
pub(crate) struct Slot<T> {
    writer: Mutex<Writer<T>>,
    reader: Mutex<SharedReader<T>>,
}

pub(crate) struct SlotReader<T>(SharedReader<T>);

pub(crate) struct SlotWriter<'a, T>(MutexGuard<'a, Writer<T>>);

impl<T: Copy + Send + 'static> Contestant<T> for Slot<T> {
    const NAME: &'static str = "nexus-slot";
    const ON_HEAP: bool = true;
    /// `write` takes a value; `read` wraps it in an `Option`.
    const COPIES: Copies = Copies::exactly(2, 3);
    const MANY_WRITERS: bool = false;
    const READS_AGAIN: bool = false;

    type Reader<'a> = SlotReader<T>;
    type Writer<'a> = SlotWriter<'a, T>;

    fn new(value: T) -> Self {
        let (mut writer, reader) = shared_slot();
        writer.write(value);
        Self { writer: Mutex::new(writer), reader: Mutex::new(reader) }
    }

    fn reader(&self) -> SlotReader<T> {
        SlotReader(self.reader.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    // Taken once for a whole batch, outside the measured time.
    fn writer(&self) -> SlotWriter<'_, T> {
        SlotWriter(self.writer.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

const NO_NEW_VALUE: &str = "there is a new value";

impl<T: Copy> Read<T> for SlotReader<T> {
    #[inline(always)]
    fn read(&mut self) -> T {
        self.0.read().expect(NO_NEW_VALUE)
    }

    #[inline(always)]
    fn read_into(&mut self, out: &mut T) {
        *out = self.0.read().expect(NO_NEW_VALUE);
    }
}

impl<T: Copy> Write<T> for SlotWriter<'_, T> {
    #[inline(always)]
    fn set(&mut self, value: &T) {
        self.0.write(*value);
    }
}
