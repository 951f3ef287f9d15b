// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Source`: the counters that a clock can be read from.

#![allow(unsafe_code, reason = "counters are read by machine instructions")]

use std::fs;

use rustix::time::{ClockId, clock_gettime};

/// Where Linux says which counter it trusts itself.
const CLOCKSOURCE: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";

/// A counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The host's `CLOCK_MONOTONIC` in nanoseconds, for machines without a counter to be trusted.
    Host,
    /// The time stamp counter of x86-64.
    Tsc,
    /// The virtual counter of AArch64.
    Cntvct,
}

impl Source {
    /// The counter of the processors that this program is for, or the host's clock if none is known.
    pub(crate) const NATIVE: Self = match () {
        () if Source::Tsc.is_here() => Source::Tsc,
        () if Source::Cntvct.is_here() => Source::Cntvct,
        () => Source::Host,
    };

    /// The best counter of this machine, and why it is that one.
    ///
    /// The TSC is taken if the processor says that it is invariant, and the kernel keeps its own time
    /// by it; likewise the virtual counter of AArch64.
    #[must_use]
    pub fn best() -> (Self, String) {
        let kernel = fs::read_to_string(CLOCKSOURCE).unwrap_or_default();
        let kernel = kernel.trim();
        match (Self::of_processor(), kernel) {
            (Ok(Source::Tsc), "tsc") => (Source::Tsc, "invariant, and the kernel's own".to_owned()),
            (Ok(Source::Cntvct), "arch_sys_counter") => {
                (Source::Cntvct, "the kernel's own".to_owned())
            }
            (Ok(_), "") => (Source::Host, "the kernel does not say what it trusts".to_owned()),
            (Ok(_), kernel) => (Source::Host, format!("the kernel keeps its time by {kernel}")),
            (Err(reason), _) => (Source::Host, reason.to_owned()),
        }
    }

    /// The counter that the processor has, or why it is no good.
    fn of_processor() -> Result<Self, &'static str> {
        #[cfg(target_arch = "x86_64")]
        return match is_invariant() {
            true => Ok(Source::Tsc),
            false => Err("the processor does not say that its TSC is invariant"),
        };
        #[cfg(target_arch = "aarch64")]
        return Ok(Source::Cntvct);
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        return Err("no counter of this processor is known");
    }

    /// Whether this build can read it.
    #[must_use]
    pub const fn is_here(self) -> bool {
        match self {
            Source::Host => true,
            Source::Tsc => cfg!(target_arch = "x86_64"),
            Source::Cntvct => cfg!(target_arch = "aarch64"),
        }
    }

    /// The count, not before anything that precedes the call in the program.
    ///
    /// On x86-64 it is `lfence; rdtsc`, on AArch64 `isb; mrs`.
    #[inline(always)]
    #[must_use]
    pub fn ordered(self) -> u64 {
        match self {
            #[cfg(target_arch = "x86_64")]
            Source::Tsc => tsc_ordered(),
            #[cfg(target_arch = "aarch64")]
            Source::Cntvct => cntvct_ordered(),
            _ => host_ns(),
        }
    }

    /// The count, at about the time of the call: the processor may take it some tens of nanoseconds
    /// before or after its neighbours in the program. It costs half as much on x86-64.
    #[inline(always)]
    #[must_use]
    pub fn unordered(self) -> u64 {
        match self {
            #[cfg(target_arch = "x86_64")]
            Source::Tsc => tsc(),
            #[cfg(target_arch = "aarch64")]
            Source::Cntvct => cntvct(),
            _ => host_ns(),
        }
    }

    /// Its name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Source::Host => "clock_gettime",
            Source::Tsc => "TSC",
            Source::Cntvct => "CNTVCT",
        }
    }

    pub(crate) const fn word(self) -> u32 {
        match self {
            Source::Host => 1,
            Source::Tsc => 2,
            Source::Cntvct => 3,
        }
    }

    /// What a record means, if it is a counter at all.
    #[must_use]
    pub const fn of(word: u32) -> Option<Self> {
        match word {
            1 => Some(Source::Host),
            2 => Some(Source::Tsc),
            3 => Some(Source::Cntvct),
            _ => None,
        }
    }
}

/// The host's monotonic clock in nanoseconds.
///
/// It is read from the vDSO without the C library, so that a library that shows another
/// `clock_gettime` to this program does not stand in between.
#[must_use]
pub fn host_ns() -> u64 {
    nanoseconds(ClockId::Monotonic)
}

pub(crate) fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.wrapping_mul(1_000_000_000).wrapping_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}

/// Whether the TSC counts at one speed in all states of the processor.
#[cfg(target_arch = "x86_64")]
fn is_invariant() -> bool {
    use core::arch::x86_64::__cpuid;
    const ADVANCED_POWER: u32 = 0x8000_0007;
    const INVARIANT: u32 = 1 << 8;
    __cpuid(0x8000_0000).eax >= ADVANCED_POWER && __cpuid(ADVANCED_POWER).edx & INVARIANT != 0
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn tsc() -> u64 {
    let (low, high): (u64, u64);
    // SAFETY: it reads a counter into two registers; user programs may, unless they forbade it
    // themselves (PR_SET_TSC), which ends them.
    unsafe {
        core::arch::asm!("rdtsc", out("rax") low, out("rdx") high,
            options(nostack, preserves_flags));
    }
    high << 32 | low
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn tsc_ordered() -> u64 {
    let (low, high): (u64, u64);
    // SAFETY: it reads the counter as `tsc` does, and touches no memory. `lfence` waits until all
    // earlier instructions are done, loads among them.
    unsafe {
        core::arch::asm!("lfence", "rdtsc", out("rax") low, out("rdx") high,
            options(nostack, preserves_flags));
    }
    high << 32 | low
}

#[cfg(target_arch = "aarch64")]
#[inline(always)]
fn cntvct() -> u64 {
    let count: u64;
    // SAFETY: it reads a counter that Linux lets user programs read.
    unsafe {
        core::arch::asm!("mrs {}, cntvct_el0", out(reg) count, options(nostack, preserves_flags));
    }
    count
}

#[cfg(target_arch = "aarch64")]
#[inline(always)]
fn cntvct_ordered() -> u64 {
    let count: u64;
    // SAFETY: it reads the counter as `cntvct` does, and touches no memory. `isb` keeps the
    // processor from reading it ahead of earlier instructions.
    unsafe {
        core::arch::asm!("isb", "mrs {}, cntvct_el0", out(reg) count,
            options(nostack, preserves_flags));
    }
    count
}
