// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is behind the code of the image: the addresses of the kernel's own vDSO, and the page of the clock.

#![allow(
    unsafe_code,
    reason = "both are found by their addresses, and the kernel's functions are C's"
)]

use core::arch::asm;

use crate::functions::Timespec;
use crate::system_call::{self, system_call};

/// A function of the kernel's for a clock: its number, and where the result goes.
type OnClock = unsafe extern "C" fn(i32, *mut Timespec) -> i32;
/// `getcpu(2)`.
type GetCpu = unsafe extern "C" fn(*mut u32, *mut u32, *mut u8) -> isize;

/// Functions of the kernel's own vDSO in this process, of which those that are not known are null. They are stored
/// before the program runs, and never change. As in `src/lib.rs`.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct HostFunctions {
    clock_gettime: Option<OnClock>,
    clock_getres: Option<OnClock>,
    getcpu: Option<GetCpu>,
}

/// Returns the address of the page of the clock.
#[inline(always)]
pub(crate) fn page() -> *mut u8 {
    let page;
    // SAFETY: it computes an address from that of the instruction. (By `static` it would be loaded from a table,
    // which has to be relocated.)
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!("lea {}, [rip + tearfree_vdso_page]", out(reg) page, options(pure, nomem, nostack, preserves_flags));
    }
    // SAFETY: it computes an address from that of the instruction, which is at most 64 KiB away.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!("adr {}, tearfree_vdso_page", out(reg) page, options(pure, nomem, nostack, preserves_flags));
    }
    page
}

#[inline(always)]
fn functions() -> HostFunctions {
    // SAFETY: the last 64 bytes before the page are mapped with the image.
    let functions = unsafe { page().sub(size_of::<HostFunctions>()) };
    // SAFETY: zeros, or addresses of functions of these types. They are aligned: the page is, and 64 bytes before it.
    unsafe { functions.cast::<HostFunctions>().read() }
}

/// Reads a clock of the host, as `clock_gettime(2)`. Returns 0 or a negative error number.
///
/// # Safety
/// As for `clock_gettime(2)`.
#[inline(always)]
pub(crate) unsafe fn clock_gettime(id: i32, time: *mut Timespec) -> i32 {
    match functions().clock_gettime {
        // SAFETY: the kernel's function, with the arguments of the caller.
        Some(clock_gettime) => unsafe { clock_gettime(id, time) },
        // SAFETY: the system call, with the arguments of the caller.
        None => unsafe { system_call(system_call::CLOCK_GETTIME, id as usize, time.addr()) as i32 },
    }
}

/// As `clock_getres(2)`. Returns 0 or a negative error number.
///
/// # Safety
/// As for `clock_getres(2)`.
pub(crate) unsafe fn clock_getres(id: i32, time: *mut Timespec) -> i32 {
    match functions().clock_getres {
        // SAFETY: the kernel's function, with the arguments of the caller.
        Some(clock_getres) => unsafe { clock_getres(id, time) },
        // SAFETY: the system call, with the arguments of the caller.
        None => unsafe { system_call(system_call::CLOCK_GETRES, id as usize, time.addr()) as i32 },
    }
}

/// As `getcpu(2)`. Returns 0 or a negative error number.
///
/// # Safety
/// As for `getcpu(2)`.
#[cfg(target_arch = "x86_64")]
pub(crate) unsafe fn getcpu(cpu: *mut u32, node: *mut u32, unused: *mut u8) -> isize {
    match functions().getcpu {
        // SAFETY: the kernel's function, with the arguments of the caller.
        Some(getcpu) => unsafe { getcpu(cpu, node, unused) },
        // SAFETY: the system call, with the arguments of the caller. The third one has no meaning.
        None => unsafe { system_call(system_call::GETCPU, cpu.addr(), node.addr()) },
    }
}
