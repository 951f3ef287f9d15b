// SPDX-License-Identifier: MIT OR Apache-2.0
//! The copy engine of x86-64.
//!
//! Small values: one vector or general register move a chunk, each in its own `asm!`, so that the
//! private side of the copy stays visible to the compiler and can live in registers. Large values:
//! one `call memcpy` inside of `asm!`, opaque to the compiler, which gets the platform's best code.
//!
//! Without `sse2` (kernel code) no vector register is touched.

#[cfg(all(target_feature = "sse2", not(tearfree_engine = "scalar")))]
use core::arch::x86_64::__m128i;
use core::arch::{asm, naked_asm};
use core::ffi::c_void;
use core::mem::MaybeUninit;

use super::chunks::{Move, moves};

/// Up to here a copy is straight-line moves, beyond it is a call. Measured: see DESIGN.md.
const LARGEST_INLINE: usize = 256;

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
        // SAFETY: P6, by the caller's promise.
        unsafe { moves::<Load>(from, to, len) };
    } else {
        // SAFETY: P6, by the caller's promise.
        unsafe { opaque_memcpy(from, to, len) };
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
            // SAFETY: P6. Loads the number, which is inside of the payload, as the caller promises.
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

/// As [`load`] for a large `T`, made in the place where the caller wants the result.
///
/// # Safety
/// `from` is a payload of type `T`, which is larger than `LARGEST_BY_VALUE`.
#[inline(always)]
pub(super) unsafe fn load_in_place<T>(from: *const u8) -> MaybeUninit<T> {
    if SYSTEM_V {
        // SAFETY: P6, by the caller's promise.
        return unsafe { memcpy_to_result(from, size_of::<T>()) };
    }
    let mut copy = MaybeUninit::<T>::uninit();
    // SAFETY: P6, by the caller's promise; `copy` is private and a `T` in size.
    unsafe { load(from, copy.as_mut_ptr().cast(), size_of::<T>()) };
    copy
}

/// # Safety
/// `to` is a payload of `len` bytes, `from` is private memory of as many.
#[inline(always)]
pub(super) unsafe fn store(from: *const u8, to: *mut u8, len: usize) {
    if len <= LARGEST_INLINE || !SYSTEM_V {
        // SAFETY: P6, by the caller's promise.
        unsafe { moves::<Store>(from, to, len) };
        return;
    }
    if len >= MAY_STORE_NON_TEMPORAL {
        // P2. The odd count must not be overtaken by a store that bypasses the cache.
        // SAFETY: a fence touches no memory.
        unsafe { asm!("sfence", options(nostack, preserves_flags)) };
    }
    // SAFETY: P6, by the caller's promise.
    unsafe { opaque_memcpy(from, to, len) };
}

/// Shared to private.
struct Load;

impl Move for Load {
    #[inline(always)]
    unsafe fn chunk<const N: usize>(from: *const u8, to: *mut u8) {
        macro_rules! load {
            ($mov:literal, $class:ident, $ty:ty) => {{
                let chunk: MaybeUninit<$ty>;
                // SAFETY: P6. Loads `N` bytes of the payload, which the caller promises.
                unsafe {
                    asm!(
                        concat!($mov, ", [{from}]"),
                        chunk = out($class) chunk,
                        from = in(reg) from,
                        options(nostack, preserves_flags),
                    );
                }
                // SAFETY: `to` is private and holds `N` bytes, by the caller's promise.
                unsafe { to.cast::<MaybeUninit<$ty>>().write_unaligned(chunk) };
            }};
        }
        match N {
            #[cfg(all(target_feature = "sse2", not(tearfree_engine = "scalar")))]
            16 => load!("movdqu {chunk}", xmm_reg, __m128i),
            #[cfg(not(all(target_feature = "sse2", not(tearfree_engine = "scalar"))))]
            16 => {
                // SAFETY: P6. The first eight of sixteen bytes, which the caller promises.
                unsafe { Self::chunk::<8>(from, to) };
                // SAFETY: eight more bytes follow on both sides.
                let (from, to) = unsafe { (from.add(8), to.add(8)) };
                // SAFETY: P6. The other eight bytes.
                unsafe { Self::chunk::<8>(from, to) };
            }
            8 => load!("mov {chunk}", reg, u64),
            4 => load!("mov {chunk:e}", reg, u32),
            2 => load!("mov {chunk:x}", reg, u16),
            1 => load!("mov {chunk}", reg_byte, u8),
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
            ($mov:literal, $class:ident, $ty:ty) => {{
                // SAFETY: `from` is private and holds `N` bytes, by the caller's promise.
                let chunk = unsafe { from.cast::<MaybeUninit<$ty>>().read_unaligned() };
                // SAFETY: P6. Stores `N` bytes of the payload, which the caller promises.
                unsafe {
                    asm!(
                        concat!("mov", $mov),
                        chunk = in($class) chunk,
                        to = in(reg) to,
                        options(nostack, preserves_flags),
                    );
                }
            }};
        }
        match N {
            #[cfg(all(target_feature = "sse2", not(tearfree_engine = "scalar")))]
            16 => store!("dqu [{to}], {chunk}", xmm_reg, __m128i),
            #[cfg(not(all(target_feature = "sse2", not(tearfree_engine = "scalar"))))]
            16 => {
                // SAFETY: P6. The first eight of sixteen bytes, which the caller promises.
                unsafe { Self::chunk::<8>(from, to) };
                // SAFETY: eight more bytes follow on both sides.
                let (from, to) = unsafe { (from.add(8), to.add(8)) };
                // SAFETY: P6. The other eight bytes.
                unsafe { Self::chunk::<8>(from, to) };
            }
            8 => store!(" [{to}], {chunk}", reg, u64),
            4 => store!(" [{to}], {chunk:e}", reg, u32),
            2 => store!(" [{to}], {chunk:x}", reg, u16),
            1 => store!(" [{to}], {chunk}", reg_byte, u8),
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

/// The platform's `memcpy`, straight to where this function's result belongs.
///
/// A result of more than 16 bytes that is no vector is returned in memory (System V ABI 3.2.3): its
/// address comes in `rdi`, the arguments follow in `rsi` and `rdx`, and the address goes back in `rax`.
/// That is `memcpy` to the letter, so nothing is left to do but to become it. A Rust body would make
/// the copy in a place of its own and then copy again.
///
/// # Safety
/// `from` is a payload of type `T`, which is larger than `LARGEST_BY_VALUE` and so larger than any
/// vector register; `len` is its size.
#[unsafe(naked)]
unsafe extern "sysv64" fn memcpy_to_result<T>(from: *const u8, len: usize) -> MaybeUninit<T> {
    naked_asm!("jmp {memcpy}", memcpy = sym memcpy)
}
