// SPDX-License-Identifier: MIT OR Apache-2.0
//! `triple_buffer`: three copies, which one writer and one reader swap by an atomic exchange.
//!
//! At its best: values are written in place, as its documentation advises for large ones. The reader could use the value in
//! place; here it copies it, as all contestants do.

use std::sync::{Mutex, MutexGuard, PoisonError};

use triple_buffer::{Input, Output, triple_buffer};

use crate::contestant::{Contestant, Read, Write};

pub(crate) struct Triple<T: Send> {
    input: Mutex<Input<T>>,
    output: Mutex<Output<T>>,
}

pub(crate) struct TripleReader<'a, T: Send>(MutexGuard<'a, Output<T>>);

pub(crate) struct TripleWriter<'a, T: Send>(MutexGuard<'a, Input<T>>);

impl<T: Copy + Send + 'static> Contestant<T> for Triple<T> {
    const NAME: &'static str = "triple_buffer";
    const ON_HEAP: bool = true;
    const MANY_WRITERS: bool = false;
    const MANY_READERS: bool = false;

    type Reader<'a> = TripleReader<'a, T>;
    type Writer<'a> = TripleWriter<'a, T>;

    fn new(value: T) -> Self {
        let (input, output) = triple_buffer(&value);
        Self { input: Mutex::new(input), output: Mutex::new(output) }
    }

    // Both are taken once for a whole batch, outside the measured time.
    fn reader(&self) -> TripleReader<'_, T> {
        TripleReader(self.output.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn writer(&self) -> TripleWriter<'_, T> {
        TripleWriter(self.input.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T: Copy + Send> Read<T> for TripleReader<'_, T> {
    #[inline(always)]
    fn read(&mut self) -> T {
        *self.0.read()
    }

    #[inline(always)]
    fn read_into(&mut self, out: &mut T) {
        *out = *self.0.read();
    }
}

impl<T: Copy + Send> Write<T> for TripleWriter<'_, T> {
    #[inline(always)]
    fn set(&mut self, value: &T) {
        *self.0.input_buffer_mut() = *value;
        self.0.publish();
    }
}
