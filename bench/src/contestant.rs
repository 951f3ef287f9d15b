// SPDX-License-Identifier: MIT OR Apache-2.0
//! The trait of all contestants: a value with readers and writers.

use core::hint::black_box;

use crate::payload::Payload;

/// A lock or cell that holds one value.
pub(crate) trait Contestant<T>: Sized {
    const NAME: &'static str;
    /// Whether several threads may write at the same time.
    const MANY_WRITERS: bool = true;
    /// Whether several threads may read at the same time.
    const MANY_READERS: bool = true;
    /// Whether a reader can read a value again.
    const READS_AGAIN: bool = true;
    /// What a peer must copy; `--count-copies` fails if its adapter copies more.
    const COPIES: Copies = Copies::ONE;

    type Reader<'a>: Read<T>
    where
        Self: 'a;
    type Writer<'a>: Write<T>
    where
        Self: 'a;

    fn new(value: T) -> Self;
    fn reader(&self) -> Self::Reader<'_>;
    fn writer(&self) -> Self::Writer<'_>;
}

/// How often an operation stores all bytes of a value.
#[derive(Clone, Copy)]
pub(crate) struct Copies {
    pub(crate) set: u64,
    pub(crate) read_into: u64,
}

impl Copies {
    pub(crate) const ONE: Self = Self { set: 1, read_into: 1 };
}

/// The reader of one thread.
pub(crate) trait Read<T> {
    fn read(&mut self) -> T;
    fn read_into(&mut self, out: &mut T);

    #[inline(always)]
    fn read_times(&mut self, times: u64) {
        for _ in 0..times {
            let value = self.read();
            black_box(&value);
        }
    }

    #[inline(always)]
    fn read_into_times(&mut self, out: &mut T, times: u64) {
        for _ in 0..times {
            self.read_into(out);
            black_box(&mut *out);
        }
    }
}

/// The writer of one thread.
pub(crate) trait Write<T> {
    fn set(&mut self, value: &T);

    #[inline(always)]
    fn set_times(&mut self, value: &T, times: u64) {
        let mut value = value;
        for _ in 0..times {
            self.set(value);
            value = black_box(value);
        }
    }
}

/// A contestant whose readers and writers are plain references.
pub(crate) trait Direct<T> {
    const NAME: &'static str;
    const COPIES: Copies = Copies::ONE;

    fn new(value: T) -> Self;
    fn read(&self) -> T;
    fn read_into(&self, out: &mut T);
    fn set(&self, value: &T);
}

/// Implements [`Contestant`] for a [`Direct`] one.
#[repr(transparent)]
pub(crate) struct ByReference<D>(D);

#[derive(Clone, Copy)]
pub(crate) struct Handle<'a, D>(&'a D);

impl<T, D: Direct<T>> Contestant<T> for ByReference<D> {
    const NAME: &'static str = D::NAME;
    const COPIES: Copies = D::COPIES;

    type Reader<'a>
        = Handle<'a, D>
    where
        D: 'a;
    type Writer<'a>
        = Handle<'a, D>
    where
        D: 'a;

    fn new(value: T) -> Self {
        Self(D::new(value))
    }

    #[inline(always)]
    fn reader(&self) -> Handle<'_, D> {
        Handle(&self.0)
    }

    #[inline(always)]
    fn writer(&self) -> Handle<'_, D> {
        Handle(&self.0)
    }
}

impl<T, D: Direct<T>> Read<T> for Handle<'_, D> {
    #[inline(always)]
    fn read(&mut self) -> T {
        self.0.read()
    }

    #[inline(always)]
    fn read_into(&mut self, out: &mut T) {
        self.0.read_into(out);
    }
}

impl<T, D: Direct<T>> Write<T> for Handle<'_, D> {
    #[inline(always)]
    fn set(&mut self, value: &T) {
        self.0.set(value);
    }
}

/// Work that is done once for each contestant.
pub(crate) trait EveryContestant<T: Payload> {
    fn contestant<C: Contestant<T> + Send + Sync + 'static>(&mut self);
}
