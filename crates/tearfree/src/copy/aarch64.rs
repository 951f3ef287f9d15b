// SPDX-License-Identifier: MIT OR Apache-2.0
//! The copy engine of 64-bit Arm: as that of x86-64, with Arm's registers.
//!
//! Without `neon` (kernel code) no vector register is touched.

#[cfg(all(target_feature = "neon", not(tearfree_engine = "scalar")))]
use core::arch::aarch64::uint8x16_t;
use core::arch::asm;
use core::ffi::c_void;
use core::mem::MaybeUninit;

#[path = "chunks.rs"]
mod chunks;

use chunks::{Four, Move, moves};

/// The widest register that moves a chunk.
const WIDEST: usize =
    if cfg!(any(not(target_feature = "neon"), tearfree_engine = "scalar")) { 8 } else { 16 };

/// Up to here a copy is straight-line moves, beyond it is a call.
const LARGEST_INLINE: usize = 256;

/// Up to here a value is returned in registers; a larger one is made in its final place.
pub(super) const LARGEST_VALUE: usize = 128;

unsafe extern "C" {
    fn memcpy(to: *mut c_void, from: *const c_void, len: usize) -> *mut c_void;
}

/// # Safety
/// `from` is a payload of `len` bytes, `to` is private memory of as many.
#[inline(always)]
pub(super) unsafe fn load(from: *const u8, to: *mut u8, len: usize) {
    if len <= LARGEST_INLINE {
        // SAFETY: P6. `Load` races on `from` alone, the payload; both sides hold the `len` bytes
        // that are moved.
        unsafe { moves::<Load, WIDEST>(from, to, len) };
    } else {
        // SAFETY: P6. One opaque call copies `len` bytes out of the payload; `to` is private, so
        // the two do not overlap.
        unsafe { opaque_memcpy(from, to, len) };
    }
}

pub(super) use load as load_value;

/// Loads a number of `LEN` bytes, 4 or 8, that lies `distance` and `AT` bytes behind `from`. The
/// instruction itself adds `AT`, which the compiler, who does not see into it, could not leave to it.
/// It also clears the rest of the register.
///
/// # Safety
/// The number is inside of a payload.
#[inline(always)]
pub(super) unsafe fn load_number<const LEN: usize, const AT: usize>(
    from: *const u8,
    distance: usize,
) -> MaybeUninit<u64> {
    // SAFETY: the number lies behind these `distance` bytes, so they are inside of the payload too.
    let from = unsafe { from.add(distance) };
    macro_rules! number {
        ($mov:literal) => {{
            let number: MaybeUninit<u64>;
            // SAFETY: P6. One load of `LEN` bytes, the number, which lies inside of a payload.
            unsafe {
                asm!(
                    concat!($mov, ", [{from}, {at}]"),
                    number = out(reg) number,
                    from = in(reg) from,
                    at = const AT,
                    options(nostack, preserves_flags),
                );
            }
            number
        }};
    }
    match LEN {
        8 => number!("ldr {number}"),
        4 => number!("ldr {number:w}"),
        _ => unreachable!("a number of 4 or 8 bytes"),
    }
}

/// # Safety
/// `to` is a payload of `len` bytes, `from` is private memory of as many.
#[inline(always)]
pub(super) unsafe fn store(from: *const u8, to: *mut u8, len: usize) {
    if len <= LARGEST_INLINE {
        // SAFETY: P6. `Store` races on `to` alone, the payload; both sides hold the `len` bytes
        // that are moved.
        unsafe { moves::<Store, WIDEST>(from, to, len) };
    } else {
        // SAFETY: P6. One opaque call copies `len` bytes into the payload; `from` is private, so
        // the two do not overlap.
        unsafe { opaque_memcpy(from, to, len) };
    }
}

/// Shared to private.
struct Load;

impl Move for Load {
    #[inline(always)]
    unsafe fn chunk<const N: usize>(from: *const u8, to: *mut u8) {
        macro_rules! load {
            ($ldr:literal, $class:ident, $ty:ty) => {{
                let chunk: MaybeUninit<$ty>;
                // SAFETY: P6. One load of `N` bytes, for which `from`, the racing side, is valid.
                unsafe {
                    asm!(
                        concat!($ldr, ", [{from}]"),
                        chunk = out($class) chunk,
                        from = in(reg) from,
                        options(nostack, preserves_flags),
                    );
                }
                // SAFETY: `to`, the private side, is valid for `N` bytes, the size of the chunk.
                unsafe { to.cast::<MaybeUninit<$ty>>().write_unaligned(chunk) };
            }};
        }
        match N {
            #[cfg(all(target_feature = "neon", not(tearfree_engine = "scalar")))]
            16 => load!("ldr {chunk:q}", vreg, uint8x16_t),
            8 => load!("ldr {chunk}", reg, u64),
            4 => load!("ldr {chunk:w}", reg, u32),
            2 => load!("ldrh {chunk:w}", reg, u16),
            1 => load!("ldrb {chunk:w}", reg, u8),
            _ => unreachable!(),
        }
    }

    #[inline(always)]
    unsafe fn four_chunks<const N: usize>(from: *const u8, to: *mut u8) {
        macro_rules! load {
            ($ldp_a_b:literal, $ldp_c_d:literal, $class:ident, $ty:ty) => {{
                let (a, b, c, d): Four<$ty>;
                // SAFETY: P6. Four loads of `N` bytes each, side by side; `from` is valid for all
                // of them.
                unsafe {
                    asm!(
                        concat!($ldp_a_b, ", [{from}]"),
                        concat!($ldp_c_d, ", [{from}, 2 * {n}]"),
                        a = out($class) a,
                        b = out($class) b,
                        c = lateout($class) c,
                        d = lateout($class) d,
                        from = in(reg) from,
                        n = const N,
                        options(nostack, preserves_flags),
                    );
                }
                // SAFETY: `to`, the private side, is valid for the four chunks that were loaded.
                unsafe { to.cast::<[MaybeUninit<$ty>; 4]>().write_unaligned([a, b, c, d]) };
            }};
        }
        match N {
            #[cfg(all(target_feature = "neon", not(tearfree_engine = "scalar")))]
            16 => load!("ldp {a:q}, {b:q}", "ldp {c:q}, {d:q}", vreg, uint8x16_t),
            8 => load!("ldp {a}, {b}", "ldp {c}, {d}", reg, u64),
            _ => unreachable!(),
        }
    }
}

/// Private to shared.
struct Store;

impl Move for Store {
    #[inline(always)]
    unsafe fn chunk<const N: usize>(from: *const u8, to: *mut u8) {
        macro_rules! store {
            ($str:literal, $class:ident, $ty:ty) => {{
                // SAFETY: `from`, the private side, is valid for `N` bytes, the size of the chunk.
                let chunk = unsafe { from.cast::<MaybeUninit<$ty>>().read_unaligned() };
                // SAFETY: P6. One store of `N` bytes, for which `to`, the racing side, is valid.
                unsafe {
                    asm!(
                        concat!($str, ", [{to}]"),
                        chunk = in($class) chunk,
                        to = in(reg) to,
                        options(nostack, preserves_flags),
                    );
                }
            }};
        }
        match N {
            #[cfg(all(target_feature = "neon", not(tearfree_engine = "scalar")))]
            16 => store!("str {chunk:q}", vreg, uint8x16_t),
            8 => store!("str {chunk}", reg, u64),
            4 => store!("str {chunk:w}", reg, u32),
            2 => store!("strh {chunk:w}", reg, u16),
            1 => store!("strb {chunk:w}", reg, u8),
            _ => unreachable!(),
        }
    }

    #[inline(always)]
    unsafe fn four_chunks<const N: usize>(from: *const u8, to: *mut u8) {
        macro_rules! store {
            ($stp_a_b:literal, $stp_c_d:literal, $class:ident, $ty:ty) => {{
                // SAFETY: `from`, the private side, is valid for four chunks.
                let [a, b, c, d] = unsafe { from.cast::<[MaybeUninit<$ty>; 4]>().read_unaligned() };
                // SAFETY: P6. Four stores of `N` bytes each, side by side; `to` is valid for all of
                // them.
                unsafe {
                    asm!(
                        concat!($stp_a_b, ", [{to}]"),
                        concat!($stp_c_d, ", [{to}, 2 * {n}]"),
                        a = in($class) a,
                        b = in($class) b,
                        c = in($class) c,
                        d = in($class) d,
                        to = in(reg) to,
                        n = const N,
                        options(nostack, preserves_flags),
                    );
                }
            }};
        }
        match N {
            #[cfg(all(target_feature = "neon", not(tearfree_engine = "scalar")))]
            16 => store!("stp {a:q}, {b:q}", "stp {c:q}, {d:q}", vreg, uint8x16_t),
            8 => store!("stp {a}, {b}", "stp {c}, {d}", reg, u64),
            _ => unreachable!(),
        }
    }
}

/// The platform's `memcpy`, called so that the compiler does not know what it is.
///
/// # Safety
/// One of the two is a payload, the other one is private; both are `len` bytes.
#[inline(always)]
unsafe fn opaque_memcpy(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: P6. `memcpy` keeps the C calling convention, whose clobbers are all declared.
    unsafe {
        asm!(
            "bl {memcpy}",
            memcpy = sym memcpy,
            inout("x0") to => _,
            inout("x1") from => _,
            inout("x2") len => _,
            clobber_abi("C"),
        );
    }
}
