// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Source`: the counters from which a clock can be computed. `tearfree-vdso` compiles this file, too.

#![allow(unsafe_code, reason = "counters are read by machine instructions")]

use crate::host_time::host_ns;

/// A counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The host's `CLOCK_MONOTONIC` in nanoseconds, for machines without a trustworthy counter.
    Host,
    /// The time stamp counter of x86-64.
    Tsc,
    /// The virtual counter of AArch64.
    Cntvct,
}

impl Source {
    /// The counter of the processor that this program is built for, or the host's clock if none is
    /// supported.
    pub(crate) const NATIVE: Self = match () {
        () if Source::Tsc.is_supported() => Source::Tsc,
        () if Source::Cntvct.is_supported() => Source::Cntvct,
        () => Source::Host,
    };

    /// Whether this build can read the counter.
    #[must_use]
    pub const fn is_supported(self) -> bool {
        match self {
            Source::Host => true,
            Source::Tsc => cfg!(target_arch = "x86_64"),
            Source::Cntvct => cfg!(target_arch = "aarch64"),
        }
    }

    /// Reads the counter after everything that precedes the call in the program.
    ///
    /// On x86-64 it is `lfence; rdtsc`, on AArch64 `isb; mrs`.
    #[inline(always)]
    #[must_use]
    pub fn read_ordered(self) -> u64 {
        match self {
            #[cfg(target_arch = "x86_64")]
            Source::Tsc => tsc_ordered(),
            #[cfg(target_arch = "aarch64")]
            Source::Cntvct => cntvct_ordered(),
            _ => host_ns(),
        }
    }

    /// Reads the counter without ordering: the processor may read it some tens of nanoseconds before or
    /// after the neighbouring instructions. Half the cost on x86-64.
    #[inline(always)]
    #[must_use]
    pub fn read_unordered(self) -> u64 {
        match self {
            #[cfg(target_arch = "x86_64")]
            Source::Tsc => tsc(),
            #[cfg(target_arch = "aarch64")]
            Source::Cntvct => cntvct(),
            _ => host_ns(),
        }
    }

    /// Returns the name for messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Source::Host => "clock_gettime",
            Source::Tsc => "TSC",
            Source::Cntvct => "CNTVCT",
        }
    }

    pub(crate) const fn to_word(self) -> u32 {
        match self {
            Source::Host => 1,
            Source::Tsc => 2,
            Source::Cntvct => 3,
        }
    }

    /// Returns the counter of [`Record::source`](crate::Record::source). `None`: unknown.
    #[must_use]
    pub const fn from_word(word: u32) -> Option<Self> {
        match word {
            1 => Some(Source::Host),
            2 => Some(Source::Tsc),
            3 => Some(Source::Cntvct),
            _ => None,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_names_one_counter() {
        let words = [Source::Host, Source::Tsc, Source::Cntvct].map(Source::to_word);
        assert_eq!(words, [1, 2, 3], "pages have these numbers");
        assert_eq!(
            words.map(Source::from_word),
            [Source::Host, Source::Tsc, Source::Cntvct].map(Some)
        );
        assert_eq!([0, 4, u32::MAX].map(Source::from_word), [None; 3]);
    }
}
