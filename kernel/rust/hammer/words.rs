// SPDX-License-Identifier: GPL-2.0
//! Words that all derive from one generation.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

unsafe extern "C" {
    /// `cpu_relax`. Where emulated processors take turns, they do so here.
    #[link_name = "hammer_pauses"]
    pub(crate) safe fn pause();
}

/// `N` words of one generation, or a mix of two, which shows.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Words<const N: usize>([u64; N]);

/// Word `at` of a generation. The factor is odd, so different generations have different words.
#[inline]
const fn word(generation: u64, at: usize) -> u64 {
    generation.wrapping_mul(2 * at as u64 + 1)
}

impl<const N: usize> Words<N> {
    /// Generation zero.
    pub(crate) const FIRST: Self = Words([0; N]);

    /// What these words are a copy of, or `None` if they are not all of one generation.
    #[inline]
    pub(crate) fn generation(&self) -> Option<u64> {
        let generation = *self.0.first()?;
        let mut whole = true;
        for (at, &found) in self.0.iter().enumerate() {
            whole &= found == word(generation, at);
        }
        whole.then_some(generation)
    }

    /// The words of the next generation.
    #[inline]
    pub(crate) fn advance(&mut self) {
        let next = self.0.first().map_or(0, |generation| generation.wrapping_add(1));
        for (at, place) in self.0.iter_mut().enumerate() {
            *place = word(next, at);
        }
    }

    /// Where C puts the words that it has read.
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

    /// The generation of the last write, for whoever may write.
    #[inline]
    pub(crate) fn newest(&self) -> u64 {
        // ORDERING: Relaxed, P5. Only the writer under its lock asks; in `Subject::generation`
        // no other thread is left.
        self.0.first().map_or(0, |first| first.load(Relaxed))
    }

    /// Stores a generation, one word after the other.
    #[inline]
    pub(crate) fn put(&self, generation: u64, paced: bool) {
        for (at, place) in self.0.iter().enumerate() {
            // ORDERING: Relaxed, P1, P2. The count around this carries the order, in `write_begin`.
            place.store(word(generation, at), Relaxed);
            pause_if(paced);
        }
    }

    /// Loads all words, last one first: side by side with a writer a reader would never cross it.
    #[inline]
    pub(crate) fn take(&self, paced: bool) -> Words<N> {
        let mut taken = Words::FIRST;
        for (from, to) in self.0.iter().zip(taken.0.iter_mut()).rev() {
            // ORDERING: Relaxed, P2. The count around this carries the order, in `read_retry`.
            *to = from.load(Relaxed);
            pause_if(paced);
        }
        taken
    }
}

/// Whether to pause after each word: every other time, so that both speeds meet. A pause lets the
/// other side come in between even where the processors take turns.
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
