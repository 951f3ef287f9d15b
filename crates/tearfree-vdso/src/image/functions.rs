// SPDX-License-Identifier: MIT OR Apache-2.0
//! The functions of the image, by the names and types of the kernel's.

#![allow(
    unsafe_code,
    reason = "these functions are found by their C names, and store through C's pointers"
)]

use core::arch::global_asm;

use crate::host;
use crate::reading::Reading;
use crate::shown::ShownClock;
use crate::system_call::{self, system_call};

const NSEC: u64 = 1_000_000_000;

/// C's `struct timespec`.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub(crate) struct Timespec {
    seconds: i64,
    ns: i64,
}

/// C's `struct timeval`.
#[repr(C)]
pub(crate) struct Timeval {
    seconds: i64,
    micros: i64,
}

impl Timespec {
    #[inline(always)]
    fn from_ns(ns: u64) -> Self {
        Timespec { seconds: (ns / NSEC).cast_signed(), ns: (ns % NSEC).cast_signed() }
    }

    #[inline(always)]
    pub(crate) fn to_ns(self) -> u64 {
        self.seconds.cast_unsigned().wrapping_mul(NSEC).wrapping_add(self.ns.cast_unsigned())
    }
}

/// `clock_gettime(2)`.
#[cfg_attr(target_arch = "x86_64", unsafe(export_name = "__vdso_clock_gettime"))]
#[cfg_attr(target_arch = "aarch64", unsafe(export_name = "__kernel_clock_gettime"))]
unsafe extern "C" fn clock_gettime(id: i32, time: *mut Timespec) -> i32 {
    // SAFETY: this is called as `clock_gettime(2)`, with room for a time.
    unsafe { read_clock(id, time) }
}

/// As `clock_gettime(2)`. The only function that reads the page, so that all of a reading is inlined here.
///
/// Not exported: a call by an exported name goes through a table, which has to be relocated.
///
/// # Safety
/// As for `clock_gettime(2)`.
#[inline(never)]
unsafe extern "C" fn read_clock(id: i32, time: *mut Timespec) -> i32 {
    if let Some(clock) = ShownClock::from_id(id)
        && let Some(now) = Reading::now()
    {
        // SAFETY: the caller's room for a time.
        unsafe { time.write(Timespec::from_ns(now.ns(clock))) };
        return 0;
    }
    // SAFETY: `time` is room for a time, by the contract of this function.
    unsafe { host::clock_gettime(id, time) }
}

/// Returns the time of day.
#[inline(always)]
fn time_of_day() -> Timespec {
    let mut now = Timespec::default();
    // SAFETY: room for a time, of a clock that every system has.
    unsafe { read_clock(ShownClock::Realtime.to_id(), &raw mut now) };
    now
}

/// `gettimeofday(2)`.
#[cfg_attr(target_arch = "x86_64", unsafe(export_name = "__vdso_gettimeofday"))]
#[cfg_attr(target_arch = "aarch64", unsafe(export_name = "__kernel_gettimeofday"))]
unsafe extern "C" fn gettimeofday(time: *mut Timeval, zone: *mut u8) -> i32 {
    if !zone.is_null() {
        // SAFETY: the caller's room for a zone, which is the kernel's.
        let result = unsafe { system_call(system_call::GETTIMEOFDAY, 0, zone.addr()) };
        if result != 0 {
            return result as i32;
        }
    }
    if !time.is_null() {
        let now = time_of_day();
        // SAFETY: the caller's room for a time.
        unsafe { time.write(Timeval { seconds: now.seconds, micros: now.ns / 1000 }) };
    }
    0
}

/// `clock_getres(2)`: that of the host's clocks, by which the time is computed.
#[cfg_attr(target_arch = "x86_64", unsafe(export_name = "__vdso_clock_getres"))]
#[cfg_attr(target_arch = "aarch64", unsafe(export_name = "__kernel_clock_getres"))]
unsafe extern "C" fn clock_getres(id: i32, resolution: *mut Timespec) -> i32 {
    // SAFETY: this is called as `clock_getres(2)`: `resolution` is room for a time, or null.
    unsafe { host::clock_getres(id, resolution) }
}

/// `time(2)`.
#[cfg(target_arch = "x86_64")]
#[unsafe(export_name = "__vdso_time")]
unsafe extern "C" fn time(out: *mut i64) -> i64 {
    let now = time_of_day();
    if !out.is_null() {
        // SAFETY: the caller's room for a number of seconds.
        unsafe { out.write(now.seconds) };
    }
    now.seconds
}

/// `getcpu(2)`.
#[cfg(target_arch = "x86_64")]
#[unsafe(export_name = "__vdso_getcpu")]
unsafe extern "C" fn getcpu(cpu: *mut u32, node: *mut u32, unused: *mut u8) -> isize {
    // SAFETY: this is called as `getcpu(2)`: each is room for a number, or null.
    unsafe { host::getcpu(cpu, node, unused) }
}

// The names without a prefix, as the kernel has them.
#[cfg(target_arch = "x86_64")]
global_asm!(
    ".macro alias name",
    ".weak \\name",
    ".type \\name, @function",
    ".set \\name, __vdso_\\name",
    ".endm",
    "alias clock_gettime",
    "alias gettimeofday",
    "alias clock_getres",
    "alias time",
    "alias getcpu",
    ".purgem alias",
);

// Where the kernel has signal handlers return to. The kernel keeps using its own; debuggers look for this name.
#[cfg(target_arch = "aarch64")]
global_asm!(
    ".section .text.__kernel_rt_sigreturn, \"ax\", @progbits",
    ".p2align 2",
    ".globl __kernel_rt_sigreturn",
    ".type __kernel_rt_sigreturn, @function",
    // Debuggers and unwinders look one instruction before the address that they find on the stack.
    "nop",
    "__kernel_rt_sigreturn:",
    "mov x8, #139",
    "svc #0",
    ".size __kernel_rt_sigreturn, . - __kernel_rt_sigreturn",
);
