// SPDX-License-Identifier: MIT OR Apache-2.0
//! The copy engine of every other processor: the words of `atomic-maybe-uninit`.
//!
//! That crate's words are assembly too, so words of different sizes may meet on the same bytes, as
//! the per-byte model of this module says.

use core::mem::MaybeUninit;

use atomic_maybe_uninit::AtomicMaybeUninit;

use crate::order::PLAIN;

#[cfg(target_has_atomic = "64")]
#[path = "number.rs"]
mod number;

pub(super) use load as load_value;
#[cfg(target_has_atomic = "64")]
pub(super) use number::load_number;

/// Up to here a value is returned in registers; a larger one is made in its final place.
pub(super) const LARGEST_VALUE: usize = 128;

/// The size of the largest native word.
const WORD: usize = size_of::<usize>();

/// # Safety
/// `from` is a payload of `len` bytes, `to` is private memory of as many.
#[inline(always)]
pub(super) unsafe fn load(from: *const u8, to: *mut u8, len: usize) {
    let mut at = 0;
    while at < len {
        macro_rules! word {
            ($ty:ty) => {{
                // SAFETY: P6. The chunk is inside of the payload, and aligned: `largest_word` saw to that
                // of the first, and words of one size follow it.
                let word = unsafe { AtomicMaybeUninit::<$ty>::from_ptr(from.add(at).cast_mut().cast()) };
                // ORDERING: Relaxed, P6. A word of the payload; the fence in `read_retry` and the
                // load of the count carry the order.
                let value: MaybeUninit<$ty> = word.load(PLAIN);
                // SAFETY: `to` is private and as long as the payload.
                unsafe { to.add(at).cast::<MaybeUninit<$ty>>().write_unaligned(value) };
                at += size_of::<$ty>();
            }};
        }
        match largest_word(from.addr() + at, len - at) {
            // What follows an aligned word is aligned, too.
            WORD => {
                while len - at >= WORD {
                    word!(usize)
                }
            }
            #[cfg(target_pointer_width = "64")]
            4 => word!(u32),
            2 => word!(u16),
            _ => word!(u8),
        }
    }
}

/// # Safety
/// `to` is a payload of `len` bytes, `from` is private memory of as many.
#[inline(always)]
pub(super) unsafe fn store(from: *const u8, to: *mut u8, len: usize) {
    let mut at = 0;
    while at < len {
        macro_rules! word {
            ($ty:ty) => {{
                // SAFETY: `from` is private and as long as the payload.
                let value = unsafe { from.add(at).cast::<MaybeUninit<$ty>>().read_unaligned() };
                // SAFETY: P6. The chunk is inside of the payload, and aligned: `largest_word` saw to that
                // of the first, and words of one size follow it.
                let word = unsafe { AtomicMaybeUninit::<$ty>::from_ptr(to.add(at).cast()) };
                // ORDERING: Relaxed, P1, P6. A word of the payload; the fence in `write_begin` and
                // the even store carry the order.
                word.store(value, PLAIN);
                at += size_of::<$ty>();
            }};
        }
        match largest_word(to.addr() + at, len - at) {
            // What follows an aligned word is aligned, too.
            WORD => {
                while len - at >= WORD {
                    word!(usize)
                }
            }
            #[cfg(target_pointer_width = "64")]
            4 => word!(u32),
            2 => word!(u16),
            _ => word!(u8),
        }
    }
}

/// The size of the largest native word that is aligned at `address` and not longer than `left`.
#[inline(always)]
fn largest_word(address: usize, left: usize) -> usize {
    let fits = |size: usize| size <= WORD && left >= size && address % size == 0;
    [8, 4, 2].into_iter().find(|&size| fits(size)).unwrap_or(1)
}
