// SPDX-License-Identifier: MIT OR Apache-2.0
//! `UnrestrictedAtomic`, the cell under iceoryx2's blackboard: two copies, one producer, and a
//! compare-and-swap by each reader.
//!
//! At its best: the cell alone. In iceoryx2 0.10 `EntryHandleMut::update_with_copy` of the blackboard is this `store`, and
//! `EntryHandle::get` is this `load` after one more load, of the count of writes. So the product is not faster than this row.

use iceoryx2_bb_lock_free::spmc::unrestricted_atomic::{Producer, UnrestrictedAtomic};

use crate::contestant::{Contestant, Copies, Read, Write};

pub(crate) struct Unrestricted<T: Copy>(UnrestrictedAtomic<T>);

pub(crate) struct UnrestrictedReader<'a, T: Copy>(&'a UnrestrictedAtomic<T>);

pub(crate) struct UnrestrictedWriter<'a, T: Copy>(Producer<'a, T>);

impl<T: Copy + 'static> Contestant<T> for Unrestricted<T> {
    const NAME: &'static str = "iceoryx2";
    /// `load` copies into a variable, and that into its result.
    const COPIES: Copies = Copies::exactly(1, 2);
    const MANY_WRITERS: bool = false;

    type Reader<'a> = UnrestrictedReader<'a, T>;
    type Writer<'a> = UnrestrictedWriter<'a, T>;

    fn new(value: T) -> Self {
        Self(UnrestrictedAtomic::new(value))
    }

    fn reader(&self) -> UnrestrictedReader<'_, T> {
        UnrestrictedReader(&self.0)
    }

    fn writer(&self) -> UnrestrictedWriter<'_, T> {
        UnrestrictedWriter(self.0.acquire_producer().expect("there is one writer"))
    }
}

impl<T: Copy> Read<T> for UnrestrictedReader<'_, T> {
    #[inline(always)]
    fn read(&mut self) -> T {
        self.0.load()
    }

    #[inline(always)]
    fn read_into(&mut self, out: &mut T) {
        *out = self.0.load();
    }
}

impl<T: Copy> Write<T> for UnrestrictedWriter<'_, T> {
    #[inline(always)]
    fn set(&mut self, value: &T) {
        self.0.store(*value);
    }
}
