// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tokio::sync::watch`: a value in a readers-writer lock, and a version that tasks can wait for.
//!
//! At its best: values are written in place by `send_modify`; `send_replace` would copy the old value too. Receivers could
//! use the value in place; here they copy it, as all contestants do.

use tokio::sync::watch::{Receiver, Sender};

use crate::contestant::{Contestant, Read, Write};

pub(crate) struct Watch<T>(Sender<T>);

pub(crate) struct WatchReader<T>(Receiver<T>);

pub(crate) struct WatchWriter<'a, T>(&'a Sender<T>);

impl<T: Copy + Send + Sync + 'static> Contestant<T> for Watch<T> {
    const NAME: &'static str = "tokio watch";
    const ON_HEAP: bool = true;

    type Reader<'a> = WatchReader<T>;
    type Writer<'a> = WatchWriter<'a, T>;

    fn new(value: T) -> Self {
        Self(Sender::new(value))
    }

    fn reader(&self) -> WatchReader<T> {
        WatchReader(self.0.subscribe())
    }

    fn writer(&self) -> WatchWriter<'_, T> {
        WatchWriter(&self.0)
    }
}

impl<T: Copy> Read<T> for WatchReader<T> {
    #[inline(always)]
    fn read(&mut self) -> T {
        *self.0.borrow()
    }

    #[inline(always)]
    fn read_into(&mut self, out: &mut T) {
        *out = *self.0.borrow();
    }
}

impl<T: Copy> Write<T> for WatchWriter<'_, T> {
    #[inline(always)]
    fn set(&mut self, value: &T) {
        self.0.send_modify(|old| *old = *value);
    }
}
