// SPDX-License-Identifier: MIT OR Apache-2.0
//! Self-checking values: each word is derived from one generation number, so a torn value is detected.

use core::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};

/// A self-checking value: it is torn if its words have different generations.
pub(crate) trait Payload: Copy + Send + Sync + 'static {
    /// The same words as atomics without a lock, for the contestant that tears.
    type Bare: Send + Sync;

    fn from_generation(generation: u32) -> Self;
    /// Returns the generation of all words, or `None` if the value is torn.
    fn generation(&self) -> Option<u32>;

    /// Gives the first word a generation of its own, which is cheaper than a new value.
    fn mark(&mut self, generation: u32);
    /// Returns the generation of the first word.
    fn marked(&self) -> u32;

    fn to_bare(self) -> Self::Bare;
    fn load_bare(bare: &Self::Bare) -> Self;
    fn store_bare(bare: &Self::Bare, value: &Self);
}

/// `N` words, aligned as `A`.
///
/// Words of eight bytes are the best case for peers that copy word by word. Large values are aligned to 16
/// bytes: otherwise the alignment of a returned value differs from function to function.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Words<W, const N: usize, A = W> {
    words: [W; N],
    align: [A; 0],
}

/// A word that carries a generation, mixed with its index.
pub(crate) trait Word: Copy + Eq + Send + Sync + 'static {
    type Atom: Send + Sync;

    fn from_generation(generation: u32, index: usize) -> Self;
    fn generation(self, index: usize) -> u32;
    fn atom(self) -> Self::Atom;
    fn load(atom: &Self::Atom) -> Self;
    fn store(atom: &Self::Atom, word: Self);
}

impl<W: Word, A: Copy + Send + Sync + 'static, const N: usize> Payload for Words<W, N, A> {
    type Bare = [W::Atom; N];

    // Not inlined: this is on no measured path, and has hundreds of callers.
    #[inline(never)]
    fn from_generation(generation: u32) -> Self {
        let mut words = [W::from_generation(generation, 0); N];
        for (index, word) in words.iter_mut().enumerate() {
            *word = W::from_generation(generation, index);
        }
        words.into()
    }

    #[inline(never)]
    fn generation(&self) -> Option<u32> {
        let first = self.words[0].generation(0);
        let whole = (0..N).all(|index| self.words[index] == W::from_generation(first, index));
        whole.then_some(first)
    }

    #[inline(always)]
    fn mark(&mut self, generation: u32) {
        self.words[0] = W::from_generation(generation, 0);
    }

    #[inline(always)]
    fn marked(&self) -> u32 {
        self.words[0].generation(0)
    }

    fn to_bare(self) -> Self::Bare {
        self.words.map(W::atom)
    }

    fn load_bare(bare: &Self::Bare) -> Self {
        core::array::from_fn(|index| W::load(&bare[index])).into()
    }

    fn store_bare(bare: &Self::Bare, value: &Self) {
        for (atom, word) in bare.iter().zip(value.words) {
            W::store(atom, word);
        }
    }
}

/// The same words as a plain array, which a page can hold.
impl<const N: usize> Payload for [u64; N] {
    type Bare = [AtomicU64; N];

    fn from_generation(generation: u32) -> Self {
        Words::<u64, N>::from_generation(generation).words
    }

    fn generation(&self) -> Option<u32> {
        Words::<u64, N>::from(*self).generation()
    }

    fn mark(&mut self, generation: u32) {
        self[0] = u64::from_generation(generation, 0);
    }

    fn marked(&self) -> u32 {
        self[0].generation(0)
    }

    fn to_bare(self) -> Self::Bare {
        Words::<u64, N>::from(self).to_bare()
    }

    fn load_bare(bare: &Self::Bare) -> Self {
        Words::<u64, N>::load_bare(bare).words
    }

    fn store_bare(bare: &Self::Bare, value: &Self) {
        Words::<u64, N>::store_bare(bare, &Words::from(*value));
    }
}

impl<W, A, const N: usize> From<[W; N]> for Words<W, N, A> {
    fn from(words: [W; N]) -> Self {
        Self { words, align: [] }
    }
}

/// Returns a number that differs from index to index, so that swapped words are detected too.
const fn salt(index: usize) -> u64 {
    (index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl Word for u64 {
    type Atom = AtomicU64;

    // Both halves have the generation, so that a word torn in the middle is detected too.
    fn from_generation(generation: u32, index: usize) -> Self {
        (u64::from(generation) << 32 | u64::from(generation)) ^ salt(index)
    }

    fn generation(self, index: usize) -> u32 {
        (self ^ salt(index)) as u32
    }

    fn atom(self) -> AtomicU64 {
        AtomicU64::new(self)
    }

    fn load(atom: &AtomicU64) -> Self {
        // ORDERING: Relaxed on purpose: the contestant without a lock shows torn values.
        atom.load(Relaxed)
    }

    fn store(atom: &AtomicU64, word: Self) {
        // ORDERING: Relaxed on purpose: the contestant without a lock orders no words.
        atom.store(word, Relaxed);
    }
}

macro_rules! small_word {
    ($word:ty, $atom:ty) => {
        impl Word for $word {
            type Atom = $atom;

            // A byte has the low bits of the generation only.
            fn from_generation(generation: u32, index: usize) -> Self {
                generation as $word ^ (salt(index) >> 32) as $word
            }

            fn generation(self, index: usize) -> u32 {
                u32::from(self ^ (salt(index) >> 32) as $word)
            }

            fn atom(self) -> $atom {
                <$atom>::new(self)
            }

            fn load(atom: &$atom) -> Self {
                // ORDERING: Relaxed on purpose: the contestant without a lock shows torn values.
                atom.load(Relaxed)
            }

            fn store(atom: &$atom, word: Self) {
                // ORDERING: Relaxed on purpose: the contestant without a lock orders no words.
                atom.store(word, Relaxed);
            }
        }
    };
}

small_word!(u8, AtomicU8);
small_word!(u32, AtomicU32);

/// Work that is done once for each size of the comparison.
pub(crate) trait EverySize {
    fn size<T: Payload>(&mut self);
}

/// Every size from one word to 64 KiB, round numbers and odd ones.
pub(crate) fn every_size(work: &mut impl EverySize) {
    sizes_to_return(work);
    work.size::<Words<u64, 8192, u128>>();
}

/// The sizes of values that a function may return: to 16 KiB.
pub(crate) fn sizes_to_return(work: &mut impl EverySize) {
    work.size::<Words<u64, 1>>();
    work.size::<Words<u64, 2>>();
    work.size::<Words<u64, 3>>();
    work.size::<Words<u64, 4>>();
    work.size::<Words<u64, 6>>();
    work.size::<Words<u64, 8>>();
    work.size::<Words<u32, 25>>();
    work.size::<Words<u64, 16>>();
    work.size::<Words<u64, 25>>();
    work.size::<Words<u64, 32, u128>>();
    work.size::<Words<u64, 64, u128>>();
    work.size::<Words<u64, 125>>();
    work.size::<Words<u64, 128, u128>>();
    work.size::<Words<u64, 512, u128>>();
    work.size::<Words<u64, 2048, u128>>();
}

/// A cache line and 1 KiB of single bytes.
pub(crate) fn byte_sizes(work: &mut impl EverySize) {
    work.size::<Words<u8, 64>>();
    work.size::<Words<u8, 1024>>();
}

/// One word, one cache line, one page: the sizes for several threads.
pub(crate) fn few_sizes(work: &mut impl EverySize) {
    work.size::<Words<u64, 1>>();
    work.size::<Words<u64, 8>>();
    work.size::<Words<u64, 512, u128>>();
}

/// One word, one cache line, one page, 64 KiB.
pub(crate) fn four_sizes(work: &mut impl EverySize) {
    work.size::<Words<u64, 1>>();
    work.size::<Words<u64, 8>>();
    work.size::<Words<u64, 512, u128>>();
    work.size::<Words<u64, 8192, u128>>();
}

#[cfg(test)]
mod tests {
    use super::{Payload, Words};

    #[test]
    fn a_value_of_two_generations_is_torn() {
        let (old, new) = (Words::<u64, 8>::from_generation(6), Words::<u64, 8>::from_generation(7));
        assert_eq!(old.generation(), Some(6));
        for cut in 1..8 {
            let mut torn = old;
            torn.words[cut..].copy_from_slice(&new.words[cut..]);
            assert_eq!(torn.generation(), None, "cut before word {cut}");
        }
    }

    #[test]
    fn a_word_torn_in_the_middle_is_detected() {
        let (old, new) = (
            Words::<u64, 1>::from_generation(6).words[0],
            Words::<u64, 1>::from_generation(7).words[0],
        );
        let torn = [(old & 0xFFFF_FFFF_0000_0000) | (new & 0xFFFF_FFFF)];
        let torn: Words<u64, 1> = torn.into();
        assert_eq!(torn.generation(), None);
    }

    #[test]
    fn a_mark_changes_the_first_word_only() {
        let mut value = Words::<u64, 8>::from_generation(6);
        value.mark(7);
        assert_eq!((value.marked(), value.generation()), (7, None));
        value.mark(6);
        assert_eq!((value.marked(), value.generation()), (6, Some(6)));
    }

    #[test]
    fn a_payload_survives_bare_words() {
        let bare = Words::<u32, 25>::from_generation(1).to_bare();
        Words::<u32, 25>::store_bare(&bare, &Words::from_generation(9));
        assert_eq!(Words::<u32, 25>::load_bare(&bare).generation(), Some(9));
    }
}
