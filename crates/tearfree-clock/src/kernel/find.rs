// SPDX-License-Identifier: MIT OR Apache-2.0
//! Finds the kernel's page in this process, and verifies which layout it has.

#![allow(unsafe_code, reason = "the address of the page comes from a text file")]

use core::fmt;
use std::fs;
use std::os::fd::AsRawFd;

use rustix::pipe::pipe;

use super::layout::KNOWN;
use super::page::{KernelClock, KernelPage, MODE_COUNTER, MODE_TIME_NAMESPACE, Snapshot};

/// The smallest page of all processors; the first clock lies within it.
const PAGE: usize = 4096;
/// How often each clock is compared with `clock_gettime` before a layout is accepted.
const SAMPLES: u32 = 500;

/// Why the kernel's page cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FindError {
    /// The kernel maps no `[vvar]` into this process.
    NoPage,
    /// The first page of the mapping cannot be read.
    Unreadable,
    /// This process is in a time namespace, where the count of the first page is always odd.
    TimeNamespace,
    /// The kernel has no counter for user programs; this is its `clock_mode`.
    NoCounter(u32),
    /// No known layout gives the times of `clock_gettime`.
    UnknownLayout,
}

impl FindError {
    /// Returns what was found.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Self::NoPage => "the kernel maps no time page into this process".to_owned(),
            Self::Unreadable => "the first page of [vvar] cannot be read".to_owned(),
            Self::TimeNamespace => {
                "this process is in a time namespace, where the first page has no times".to_owned()
            }
            Self::NoCounter(mode) => {
                format!("the kernel has no counter for programs (clock_mode is {mode})")
            }
            Self::UnknownLayout => "the layout of this kernel's time page is unknown".to_owned(),
        }
    }

    /// Returns what to do next.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NoPage => {
                "run it on Linux itself, with the vDSO (no vdso=0), outside an emulator"
            }
            Self::Unreadable => "run it outside the sandbox that forbids it",
            Self::TimeNamespace => "run it outside the time namespace",
            Self::NoCounter(_) => {
                "see /sys/devices/system/clocksource/clocksource0: tsc or arch_sys_counter is needed"
            }
            Self::UnknownLayout => {
                "known are Linux 6.1, 6.12 and 6.18 on x86_64 and aarch64; `clock_gettime` works everywhere"
            }
        }
    }
}

impl fmt::Display for FindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what(), self.advice())
    }
}

impl core::error::Error for FindError {}

impl KernelPage {
    /// Finds the page, and the layout by which its times agree with `clock_gettime`. Takes some
    /// milliseconds, and never hangs.
    ///
    /// # Errors
    /// If there is no page, or no known layout is right.
    pub fn find() -> Result<Self, FindError> {
        let start = vvar().ok_or(FindError::NoPage)?;
        if !is_readable(start) {
            return Err(FindError::Unreadable);
        }
        // SAFETY: the page can be read, begins at a page's border, and the kernel never unmaps it;
        // every layout fits into it (asserted below).
        let pages = KNOWN.iter().map(|&layout| unsafe { KernelPage::new(start, layout) });
        identify(&pages.collect::<Vec<_>>())
    }
}

const _: () = {
    let mut index = 0;
    while index < KNOWN.len() {
        assert!(KNOWN[index].end() <= PAGE);
        index += 1;
    }
};

/// Returns the one plausible page that agrees with `clock_gettime`.
fn identify(pages: &[KernelPage]) -> Result<KernelPage, FindError> {
    if pages.iter().any(KernelPage::is_namespace_page) {
        return Err(FindError::TimeNamespace);
    }
    let is_candidate = |page: &&KernelPage| {
        page.snapshot(KernelClock::Realtime).is_some_and(|seen| is_plausible(&seen))
    };
    let plausible: Vec<&KernelPage> = pages.iter().filter(is_candidate).collect();
    let mode = |page: &&KernelPage| page.snapshot(KernelClock::Realtime).map(|seen| seen.mode);
    let modes: Vec<u32> = plausible.iter().filter_map(mode).collect();
    let agrees = |page: &&&KernelPage| {
        let clocks = KernelClock::ALL.iter();
        clocks.map(|&clock| page.verify(clock, SAMPLES)).all(|agreement| agreement.is_perfect())
    };
    match plausible.iter().filter(agrees).collect::<Vec<_>>().as_slice() {
        [page] => Ok(***page),
        [] => match modes.iter().find(|mode| **mode != MODE_COUNTER) {
            Some(mode) => Err(FindError::NoCounter(*mode)),
            None => Err(FindError::UnknownLayout),
        },
        _ => Err(FindError::UnknownLayout),
    }
}

impl KernelPage {
    /// Whether this is the page that the kernel maps over the first in a time namespace: its count is
    /// always 1.
    fn is_namespace_page(&self) -> bool {
        self.count() == 1 && self.mode() == MODE_TIME_NAMESPACE
    }
}

/// A cheap check that excludes most wrong layouts.
fn is_plausible(seen: &Snapshot) -> bool {
    seen.mode <= 3
        && seen.mask >= u64::from(u32::MAX)
        && seen.mask & seen.mask.wrapping_add(1) == 0
        && seen.mult != 0
        && (1..=32).contains(&seen.shift)
        && (1_600_000_000..10_000_000_000).contains(&seen.seconds)
        && seen.shifted_ns >> seen.shift <= 2_000_000_000
}

/// Returns the address of `[vvar]`, from `/proc/self/maps`.
fn vvar() -> Option<*const u64> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let line = maps.lines().find(|line| line.ends_with("[vvar]"))?;
    let (start, rest) = line.split_once('-')?;
    let start = usize::from_str_radix(start, 16).ok()?;
    let end = usize::from_str_radix(rest.split(' ').next()?, 16).ok()?;
    let is_whole = start.is_multiple_of(PAGE) && end.checked_sub(start)? >= PAGE;
    is_whole.then(|| core::ptr::with_exposed_provenance(start))
}

/// Whether a page can be read. A system call copies a byte of it, so an unreadable page raises no signal.
fn is_readable(start: *const u64) -> bool {
    let Ok((_reader, writer)) = pipe() else { return false };
    // SAFETY: the kernel checks the address; a bad one is an error and no signal.
    unsafe { libc::write(writer.as_raw_fd(), start.cast(), 1) == 1 }
}

#[cfg(test)]
mod tests {
    use super::super::layout::Layout;
    use super::*;
    use crate::source::Source;

    /// A page with the kernel's layout, for tests.
    #[repr(align(4096))]
    struct Fake([u64; PAGE / 8]);

    fn fake(words: &[(usize, u32)]) -> Box<Fake> {
        let mut page = Box::new(Fake([0; PAGE / 8]));
        for &(offset, value) in words {
            let shift = offset % 8 * 8;
            page.0[offset / 8] |= u64::from(value) << shift;
        }
        page
    }

    fn identified(page: &Fake) -> Result<KernelPage, FindError> {
        let start = (&raw const *page).cast();
        // SAFETY: a page of this test, which lives longer than what is made of it.
        let pages = KNOWN.iter().map(|&layout| unsafe { KernelPage::new(start, layout) });
        identify(&pages.collect::<Vec<_>>())
    }

    fn plausible(layout: Layout, mode: u32) -> Vec<(usize, u32)> {
        let (mask, real) = (layout.mask(), layout.base(0));
        vec![
            (layout.clock, 2),
            (layout.mode(), mode),
            (mask, u32::MAX),
            (mask + 4, u32::MAX),
            (layout.mult(), 6_462_399),
            (layout.shift(), 24),
            (real, 1_800_000_000),
        ]
    }

    #[test]
    fn a_time_namespace_is_refused_and_does_not_hang() {
        for layout in KNOWN {
            let words = [(layout.clock, 1), (layout.mode(), MODE_TIME_NAMESPACE)];
            let page = fake(&words);
            assert_eq!(identified(&page).err(), Some(FindError::TimeNamespace), "{layout:?}");
        }
    }

    #[test]
    fn a_count_that_stays_odd_is_refused_and_does_not_hang() {
        let odd = KNOWN.iter().map(|layout| (layout.clock, 1)).collect::<Vec<_>>();
        assert_eq!(identified(&fake(&odd)).err(), Some(FindError::UnknownLayout));
    }

    #[test]
    fn a_kernel_without_a_counter_is_refused() {
        for &layout in KNOWN {
            let page = fake(&plausible(layout, 0));
            assert_eq!(identified(&page).err(), Some(FindError::NoCounter(0)), "{layout:?}");
        }
    }

    #[test]
    fn a_page_that_is_plausible_but_has_another_time_is_refused() {
        for &layout in KNOWN {
            let page = fake(&plausible(layout, MODE_COUNTER));
            assert_eq!(identified(&page).err(), Some(FindError::UnknownLayout), "{layout:?}");
        }
        assert_eq!(identified(&fake(&[])).err(), Some(FindError::UnknownLayout), "zeros");
    }

    #[test]
    fn a_time_is_computed_as_in_the_vdso() {
        let source = Source::NATIVE;
        for &layout in KNOWN {
            // Each clock has a base time of its own, and a count is half a nanosecond.
            let mut words = vec![
                (layout.clock, 2),
                (layout.mode(), MODE_COUNTER),
                (layout.mask(), u32::MAX),
                (layout.mask() + 4, u32::MAX),
                (layout.mult(), 1 << 23),
                (layout.shift(), 24),
            ];
            words.extend(
                (0..12_u32).map(|clock| (layout.base(clock as usize), 1_800_000_000 + clock)),
            );
            let mut page = fake(&words);
            let set_cycle_last = |page: &mut Fake, cycles| page.0[layout.cycle_last() / 8] = cycles;
            let second = |clock: u64| (1_800_000_000 + clock) * 1_000_000_000;
            // Another processor's counter is behind that of the last update.
            set_cycle_last(&mut page, source.read_ordered() + (1 << 60));
            let pages = |page: &Fake| {
                // SAFETY: a page of this test, which lives longer than what is made of it.
                unsafe { KernelPage::new((&raw const *page).cast(), layout) }
            };
            let seen: Vec<_> =
                KernelClock::ALL.iter().map(|&clock| pages(&page).read(clock)).collect();
            assert_eq!(seen, [0, 1, 7, 11].map(|clock| Some(second(clock))), "{layout:?}");
            let before = source.read_ordered();
            set_cycle_last(&mut page, before - 1_000_000);
            let passed = pages(&page).read(KernelClock::Monotonic).expect("a counter") - second(1);
            let most = (source.read_ordered() - before + 1_000_000) / 2;
            assert!((500_000..=most).contains(&passed), "{layout:?}: {passed} {most}");
            page.0[layout.mode() / 8] &= !(0xffff_ffff << (layout.mode() % 8 * 8));
            assert_eq!(pages(&page).read(KernelClock::Monotonic), None, "no counter: {layout:?}");
        }
    }

    #[test]
    fn an_unmapped_address_is_not_readable() {
        assert!(is_readable([1_u64].as_ptr()));
        assert!(!is_readable(core::ptr::null()));
    }
}
