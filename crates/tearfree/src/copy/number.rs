// SPDX-License-Identifier: MIT OR Apache-2.0
//! A number out of a payload, for the engines that are not written in machine instructions.

use core::mem::MaybeUninit;

use super::load;

/// Loads a number of `LEN` bytes, 4 or 8, that lies `distance` and `AT` bytes behind `from`.
///
/// # Safety
/// The number is inside of a payload, all of which is initialised.
#[inline(always)]
pub(in crate::copy) unsafe fn load_number<const LEN: usize, const AT: usize>(
    from: *const u8,
    distance: usize,
) -> MaybeUninit<u64> {
    let mut bytes = [0; LEN];
    // SAFETY: the number lies behind these bytes, so they are inside of the payload too.
    let from = unsafe { from.add(distance + AT) };
    // SAFETY: P6. `from` points to the number, `LEN` bytes of the payload; `bytes` is private and
    // as long.
    unsafe { load(from, bytes.as_mut_ptr(), LEN) };
    MaybeUninit::new(match LEN {
        8 => u64::from_ne_bytes(core::array::from_fn(|at| bytes[at])),
        _ => u32::from_ne_bytes(core::array::from_fn(|at| bytes[at])).into(),
    })
}
