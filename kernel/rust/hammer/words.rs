// SPDX-License-Identifier: GPL-2.0
//! `Words`, which all derive from one generation, and `SharedWords`, the same as atomics.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

unsafe extern "C" {
    /// `cpu_relax`, at which emulated processors take turns.
    #[link_name = "hammer_pause"]
    pub(crate) safe fn pause();
}

/// `N` words of one generation, or a mix of several, which [`generation`](Self::generation) detects.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Words<const N: usize>([u64; N]);

/// Returns word `index` of a generation. The factor is odd, so different generations have different
/// words.
#[inline]
const fn word(generation: u64, index: usize) -> u64 {
    generation.wrapping_mul(2 * index as u64 + 1)
}

impl<const N: usize> Words<N> {
    /// Generation zero.
    pub(crate) const FIRST: Self = Words([0; N]);

    /// Returns the generation of all words, or `None` if they are of several.
    #[inline]
    pub(crate) fn generation(&self) -> Option<u64> {
        let generation = *self.0.first()?;
        let mut whole = true;
        for (index, &found) in self.0.iter().enumerate() {
            whole &= found == word(generation, index);
        }
        whole.then_some(generation)
    }

    /// Advances to the next generation.
    #[inline]
    pub(crate) fn advance(&mut self) {
        let next = self.0.first().map_or(0, |generation| generation.wrapping_add(1));
        for (index, slot) in self.0.iter_mut().enumerate() {
            *slot = word(next, index);
        }
    }

    /// The pointer to which C stores the words that it reads.
    #[inline]
    pub(crate) fn as_mut_ptr(&mut self) -> *mut u64 {
        self.0.as_mut_ptr()
    }
}

/// The user's own atomics beside a sequence count.
#[repr(transparent)]
pub(crate) struct SharedWords<const N: usize>([AtomicU64; N]);

impl<const N: usize> SharedWords<N> {
    pub(crate) const fn new() -> Self {
        SharedWords([const { AtomicU64::new(0) }; N])
    }

    /// Returns the generation of the last write; for writers.
    #[inline]
    pub(crate) fn newest(&self) -> u64 {
        // ORDERING: P5. Only the writer under its lock asks, and in `Subject::generation` nobody
        // else is left.
        self.0.first().map_or(0, |first| first.load(Relaxed))
    }

    /// Stores a generation, first word first.
    #[inline]
    pub(crate) fn store(&self, generation: u64, paced: bool) {
        for (index, slot) in self.0.iter().enumerate() {
            // ORDERING: P1, P2. The count around this carries the order, in `write_begin`.
            slot.store(word(generation, index), Relaxed);
            pause_if(paced);
        }
    }

    /// Loads all words, last one first: in the writer's order a reader would run beside it and never cross
    /// it.
    #[inline]
    pub(crate) fn load(&self, paced: bool) -> Words<N> {
        let mut words = Words::FIRST;
        for (from, to) in self.0.iter().zip(words.0.iter_mut()).rev() {
            // ORDERING: P2. The count around this carries the order, in `read_retry`.
            *to = from.load(Relaxed);
            pause_if(paced);
        }
        words
    }
}

/// Whether to pause after each word: in every second call, so that both speeds meet. At a pause the
/// other side runs even where emulated processors take turns.
#[inline]
pub(crate) fn is_paced(turn: u64) -> bool {
    turn % 2 == 1
}

#[inline]
fn pause_if(paced: bool) {
    if paced {
        pause();
    }
}
