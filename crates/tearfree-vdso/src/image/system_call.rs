// SPDX-License-Identifier: MIT OR Apache-2.0
//! System calls with two arguments.

#![allow(unsafe_code, reason = "a system call is a machine instruction")]

use core::arch::asm;

#[cfg(target_arch = "x86_64")]
mod numbers {
    pub(crate) const GETTIMEOFDAY: usize = 96;
    pub(crate) const CLOCK_GETTIME: usize = 228;
    pub(crate) const CLOCK_GETRES: usize = 229;
    pub(crate) const GETCPU: usize = 309;
}
#[cfg(target_arch = "aarch64")]
mod numbers {
    pub(crate) const CLOCK_GETTIME: usize = 113;
    pub(crate) const CLOCK_GETRES: usize = 114;
    pub(crate) const GETTIMEOFDAY: usize = 169;
}
pub(crate) use numbers::*;

/// Calls the kernel. Returns its result, or a negative error number. A third argument is 0.
///
/// # Safety
/// As for the system call.
#[inline(always)]
pub(crate) unsafe fn system_call(number: usize, first: usize, second: usize) -> isize {
    let result;
    // SAFETY: the kernel changes `rax`, `rcx` and `r11`, and what the caller allows it to change.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!("syscall", inlateout("rax") number => result, in("rdi") first, in("rsi") second, in("rdx") 0,
            lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    // SAFETY: the kernel changes `x0`, and what the caller allows it to change.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!("svc 0", in("x8") number, inlateout("x0") first => result, in("x1") second, in("x2") 0,
            options(nostack));
    }
    result
}
