// SPDX-License-Identifier: MIT OR Apache-2.0
//! The copy engine of x86-64.
//!
//! Small values: one vector or general register move a chunk, each in its own `asm!`, so that the
//! private side of the copy stays visible to the compiler and can live in registers. Large values:
//! one `call memcpy` inside of `asm!`, opaque to the compiler, which gets the platform's best code.
//!
//! Without `sse2` (kernel code) no vector register is touched.

use core::arch::asm;
#[cfg(all(target_feature = "sse2", not(tearfree_engine = "scalar")))]
use core::arch::x86_64::__m128i;
#[cfg(all(target_feature = "avx", not(tearfree_engine = "scalar")))]
use core::arch::x86_64::__m256i;
use core::ffi::c_void;
use core::mem::MaybeUninit;

#[path = "chunks.rs"]
mod chunks;

use chunks::{Four, Move, moves};

/// The widest register that moves a chunk.
const WIDEST: usize = if cfg!(any(not(target_feature = "sse2"), tearfree_engine = "scalar")) {
    8
} else if cfg!(target_feature = "avx") {
    32
} else {
    16
};

/// Up to here a copy is straight-line moves, beyond it is a call: see `bench/examples/copies.rs`. The
/// baseline's limit is lower because `memcpy` chooses wider registers when the program starts.
const LARGEST_INLINE: usize = match WIDEST {
    16 => 192,
    32 => 512,
    _ => 256,
};

/// Up to here a value is returned in registers, of which there are 16; a larger one is made in its
/// final place.
pub(super) const LARGEST_VALUE: usize = 15 * WIDEST;

/// A move of 16 bytes, in the encoding of the code around it. A legacy one between AVX instructions
/// keeps the upper half of its register, and so waits for what was there before.
#[cfg(all(target_feature = "avx", not(tearfree_engine = "scalar")))]
macro_rules! vector {
    ($mov:literal) => {
        concat!("v", $mov)
    };
}
#[cfg(all(target_feature = "sse2", not(target_feature = "avx"), not(tearfree_engine = "scalar")))]
macro_rules! vector {
    ($mov:literal) => {
        $mov
    };
}

/// Whether `memcpy` takes its arguments where `opaque_memcpy` puts them. Where it does not, large
/// values are vector moves too, in a loop.
const SYSTEM_V: bool = cfg!(not(any(windows, target_os = "uefi", target_os = "cygwin")));

/// From here on, `memcpy` may use stores that bypass the cache and so the order of earlier stores
/// (glibc's smallest possible `x86_non_temporal_threshold` is 0x4040).
const MAY_STORE_NON_TEMPORAL: usize = 16 * 1024;

unsafe extern "C" {
    fn memcpy(to: *mut c_void, from: *const c_void, len: usize) -> *mut c_void;
}

/// # Safety
/// `from` is a payload of `len` bytes, `to` is private memory of as many.
#[inline(always)]
pub(super) unsafe fn load(from: *const u8, to: *mut u8, len: usize) {
    if len <= LARGEST_INLINE || !SYSTEM_V {
        // SAFETY: P6. `Load` races on `from` alone, the payload; both sides hold the `len` bytes
        // that are moved.
        unsafe { moves::<Load, WIDEST>(from, to, len) };
    } else {
        // SAFETY: P6. One opaque call copies `len` bytes out of the payload; `to` is private, so
        // the two do not overlap.
        unsafe { opaque_memcpy(from, to, len) };
    }
}

/// As [`load`], to a local variable that can stay in registers.
///
/// # Safety
/// As for [`load`].
#[inline(always)]
pub(super) unsafe fn load_value(from: *const u8, to: *mut u8, len: usize) {
    if len <= LARGEST_VALUE {
        // SAFETY: P6. A value is a short payload: `Load` moves its `len` bytes from `from` to the
        // private `to`.
        unsafe { moves::<Load, WIDEST>(from, to, len) };
    } else {
        // SAFETY: P6. The contracts are the same, for the same three arguments.
        unsafe { load(from, to, len) };
    }
}

/// Loads a number of `LEN` bytes, 4 or 8, that lies `distance` and `AT` bytes behind `from`. The
/// instruction itself adds them up, which the compiler, who does not see into it, could not leave to it.
/// It also clears the rest of the register.
///
/// # Safety
/// The number is inside of a payload.
#[inline(always)]
pub(super) unsafe fn load_number<const LEN: usize, const AT: usize>(
    from: *const u8,
    distance: usize,
) -> MaybeUninit<u64> {
    macro_rules! number {
        ($mov:literal) => {{
            let number: MaybeUninit<u64>;
            // SAFETY: P6. One load of `LEN` bytes, the number, which lies inside of a payload.
            unsafe {
                asm!(
                    concat!($mov, ", [{from} + {distance} + {at}]"),
                    number = out(reg) number,
                    from = in(reg) from,
                    distance = in(reg) distance,
                    at = const AT,
                    options(nostack, preserves_flags),
                );
            }
            number
        }};
    }
    match LEN {
        8 => number!("mov {number}"),
        4 => number!("mov {number:e}"),
        _ => unreachable!("a number of 4 or 8 bytes"),
    }
}

/// # Safety
/// `to` is a payload of `len` bytes, `from` is private memory of as many.
#[inline(always)]
pub(super) unsafe fn store(from: *const u8, to: *mut u8, len: usize) {
    if len <= LARGEST_INLINE || !SYSTEM_V {
        // SAFETY: P6. `Store` races on `to` alone, the payload; both sides hold the `len` bytes
        // that are moved.
        unsafe { moves::<Store, WIDEST>(from, to, len) };
        return;
    }
    if len >= MAY_STORE_NON_TEMPORAL {
        // P2. The odd count must not be overtaken by a store that bypasses the cache.
        // SAFETY: a fence touches no memory.
        unsafe { asm!("sfence", options(nostack, preserves_flags)) };
    }
    // SAFETY: P6. One opaque call copies `len` bytes into the payload; `from` is private, so the
    // two do not overlap.
    unsafe { opaque_memcpy(from, to, len) };
}

/// Shared to private.
struct Load;

impl Move for Load {
    #[inline(always)]
    unsafe fn chunk<const N: usize>(from: *const u8, to: *mut u8) {
        macro_rules! load {
            ($mov:expr, $class:ident, $ty:ty) => {{
                let chunk: MaybeUninit<$ty>;
                // SAFETY: P6. One load of `N` bytes, for which `from`, the racing side, is valid.
                unsafe {
                    asm!(
                        concat!($mov, ", [{from}]"),
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
            #[cfg(all(target_feature = "avx", not(tearfree_engine = "scalar")))]
            32 => load!("vmovdqu {chunk}", ymm_reg, __m256i),
            #[cfg(all(target_feature = "sse2", not(tearfree_engine = "scalar")))]
            16 => load!(vector!("movdqu {chunk}"), xmm_reg, __m128i),
            8 => load!("mov {chunk}", reg, u64),
            4 => load!("mov {chunk:e}", reg, u32),
            2 => load!("mov {chunk:x}", reg, u16),
            1 => load!("mov {chunk}", reg_byte, u8),
            _ => unreachable!(),
        }
    }

    #[inline(always)]
    unsafe fn four_chunks<const N: usize>(from: *const u8, to: *mut u8) {
        macro_rules! load {
            ($mov:expr, $class:ident, $ty:ty) => {{
                let (a, b, c, d): Four<$ty>;
                // SAFETY: P6. Four loads of `N` bytes each, side by side; `from` is valid for all
                // of them.
                unsafe {
                    asm!(
                        concat!($mov, " {a}, [{from}]"),
                        concat!($mov, " {b}, [{from} + {n}]"),
                        concat!($mov, " {c}, [{from} + 2 * {n}]"),
                        concat!($mov, " {d}, [{from} + 3 * {n}]"),
                        a = out($class) a,
                        b = out($class) b,
                        c = out($class) c,
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
            #[cfg(all(target_feature = "avx", not(tearfree_engine = "scalar")))]
            32 => load!("vmovdqu", ymm_reg, __m256i),
            #[cfg(all(target_feature = "sse2", not(tearfree_engine = "scalar")))]
            16 => load!(vector!("movdqu"), xmm_reg, __m128i),
            8 => load!("mov", reg, u64),
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
            ($mov:expr, $class:ident, $ty:ty) => {{
                // SAFETY: `from`, the private side, is valid for `N` bytes, the size of the chunk.
                let chunk = unsafe { from.cast::<MaybeUninit<$ty>>().read_unaligned() };
                // SAFETY: P6. One store of `N` bytes, for which `to`, the racing side, is valid.
                unsafe {
                    asm!(
                        $mov,
                        chunk = in($class) chunk,
                        to = in(reg) to,
                        options(nostack, preserves_flags),
                    );
                }
            }};
        }
        match N {
            #[cfg(all(target_feature = "avx", not(tearfree_engine = "scalar")))]
            32 => store!("vmovdqu [{to}], {chunk}", ymm_reg, __m256i),
            #[cfg(all(target_feature = "sse2", not(tearfree_engine = "scalar")))]
            16 => store!(vector!("movdqu [{to}], {chunk}"), xmm_reg, __m128i),
            8 => store!("mov [{to}], {chunk}", reg, u64),
            4 => store!("mov [{to}], {chunk:e}", reg, u32),
            2 => store!("mov [{to}], {chunk:x}", reg, u16),
            1 => store!("mov [{to}], {chunk}", reg_byte, u8),
            _ => unreachable!(),
        }
    }

    #[inline(always)]
    unsafe fn four_chunks<const N: usize>(from: *const u8, to: *mut u8) {
        macro_rules! store {
            ($mov:expr, $class:ident, $ty:ty) => {{
                // SAFETY: `from`, the private side, is valid for four chunks.
                let [a, b, c, d] = unsafe { from.cast::<[MaybeUninit<$ty>; 4]>().read_unaligned() };
                // SAFETY: P6. Four stores of `N` bytes each, side by side; `to` is valid for all of
                // them.
                unsafe {
                    asm!(
                        concat!($mov, " [{to}], {a}"),
                        concat!($mov, " [{to} + {n}], {b}"),
                        concat!($mov, " [{to} + 2 * {n}], {c}"),
                        concat!($mov, " [{to} + 3 * {n}], {d}"),
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
            #[cfg(all(target_feature = "avx", not(tearfree_engine = "scalar")))]
            32 => store!("vmovdqu", ymm_reg, __m256i),
            #[cfg(all(target_feature = "sse2", not(tearfree_engine = "scalar")))]
            16 => store!(vector!("movdqu"), xmm_reg, __m128i),
            8 => store!("mov", reg, u64),
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
    // SAFETY: P6. `memcpy` keeps the C calling convention, whose clobbers are all declared; the
    // stack is aligned for a call because `nostack` is absent.
    unsafe {
        asm!(
            "call {memcpy}",
            memcpy = sym memcpy,
            inout("rdi") to => _,
            inout("rsi") from => _,
            inout("rdx") len => _,
            clobber_abi("sysv64"),
        );
    }
}
