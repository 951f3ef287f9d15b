// SPDX-License-Identifier: MIT OR Apache-2.0
//! The payload under loom: words that are loom atomics, so that the model sees each of them.
//!
//! Models use payloads without padding (arrays of `usize`), because loom has no uninitialised words.

use core::marker::PhantomData;
use core::mem::MaybeUninit;

use crate::order::PLAIN;
use crate::sync::AtomicUsize;

const WORD: usize = size_of::<usize>();

pub(crate) struct Shared<T> {
    words: Box<[AtomicUsize]>,
    payload: PhantomData<T>,
}

impl<T: Copy> Shared<T> {
    pub(crate) const IS_LARGE: bool = size_of::<T>() > super::LARGEST_BY_VALUE;

    pub(crate) fn new(value: T) -> Self {
        let words = (0..size_of::<T>().div_ceil(WORD)).map(|_| AtomicUsize::new(0)).collect();
        let shared = Shared { words, payload: PhantomData };
        shared.store(&value);
        shared
    }

    pub(crate) fn load(&self, to: &mut MaybeUninit<T>) {
        // SAFETY: the field at offset zero with the size of the payload is the payload.
        unsafe { self.load_field(0, to) };
    }

    pub(crate) fn load_in_place(&self) -> MaybeUninit<T> {
        let mut copy = MaybeUninit::uninit();
        self.load(&mut copy);
        copy
    }

    /// # Safety
    /// An `F` lies at `offset` inside of `T`, at a word's boundary.
    pub(crate) unsafe fn load_field<F: Copy>(&self, offset: usize, to: &mut MaybeUninit<F>) {
        let whole_words = offset.is_multiple_of(WORD) && size_of::<F>().is_multiple_of(WORD);
        assert!(whole_words, "models use whole words");
        let to = to.as_mut_ptr().cast::<usize>();
        for (at, word) in self.words[offset / WORD..][..size_of::<F>() / WORD].iter().enumerate() {
            // ORDERING: P2, P3. The count's edges carry the order: see `read_retry`.
            let value = word.load(PLAIN);
            // SAFETY: `to` has `size_of::<F>()` bytes.
            let to = unsafe { to.add(at) };
            // SAFETY: as above; `F` may be less aligned than a word.
            unsafe { to.write_unaligned(value) };
        }
    }

    pub(crate) fn store(&self, value: &T) {
        assert!(size_of::<T>().is_multiple_of(WORD), "models use whole words");
        let from = core::ptr::from_ref(value).cast::<usize>();
        for (at, word) in self.words.iter().enumerate() {
            // SAFETY: `value` has as many words as the payload, and models have no padding.
            let from = unsafe { from.add(at) };
            // SAFETY: as above.
            let value = unsafe { from.read_unaligned() };
            // ORDERING: P1, P2. The count's edges carry the order: see `write_begin`.
            word.store(value, PLAIN);
        }
    }
}
