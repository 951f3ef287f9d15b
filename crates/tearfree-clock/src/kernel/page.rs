// SPDX-License-Identifier: MIT OR Apache-2.0
//! `KernelPage`: reads the kernel's time page in a read section of its sequence count.

#![allow(unsafe_code, reason = "the words of the page are the kernel's")]

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use std::thread;

use tearfree::SeqCount;

use super::layout::Layout;
use crate::source::Source;

/// The mode of the page of a time namespace (`VDSO_CLOCKMODE_TIMENS`).
pub(super) const MODE_TIME_NAMESPACE: u32 = i32::MAX.cast_unsigned();
/// A counter that user programs can read: `VDSO_CLOCKMODE_TSC` or `VDSO_CLOCKMODE_ARCHTIMER`.
pub(super) const MODE_COUNTER: u32 = 1;
/// How often a reader retries at once; a write section of the kernel is shorter.
const SPINS: u32 = 1000;
/// How often it then sleeps before a retry, because the writer's processor may be a virtual one that is
/// preempted. After that, a tenth of a second, the read fails.
const SLEEPS: u32 = 1000;
const SLEEP: Duration = Duration::from_micros(50);

/// A clock whose time is in the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KernelClock {
    /// `CLOCK_REALTIME`.
    Realtime,
    /// `CLOCK_MONOTONIC`.
    Monotonic,
    /// `CLOCK_BOOTTIME`.
    Boottime,
    /// `CLOCK_TAI`.
    Tai,
}

impl KernelClock {
    /// All clocks.
    pub const ALL: &[Self] = &[Self::Realtime, Self::Monotonic, Self::Boottime, Self::Tai];

    /// Returns the number for `clock_gettime`.
    #[must_use]
    pub const fn id(self) -> usize {
        match self {
            Self::Realtime => 0,
            Self::Monotonic => 1,
            Self::Boottime => 7,
            Self::Tai => 11,
        }
    }

    /// Returns the name for messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Realtime => "CLOCK_REALTIME",
            Self::Monotonic => "CLOCK_MONOTONIC",
            Self::Boottime => "CLOCK_BOOTTIME",
            Self::Tai => "CLOCK_TAI",
        }
    }
}

/// The words of the page at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The sequence count: even, and 2 more after each update.
    pub count: u32,
    /// `clock_mode`: 0 no counter, 1 the counter, 2147483647 a time namespace.
    pub mode: u32,
    /// The counter at the last update.
    pub cycle_last: u64,
    /// The number of cycles beyond which a product of 64 bits overflows, if the layout has it.
    pub max_cycles: Option<u64>,
    /// The valid bits of the counter.
    pub mask: u64,
    /// Nanoseconds per count, times 2^shift.
    pub mult: u32,
    /// The shift of `mult` and `shifted_ns`.
    pub shift: u32,
    /// The seconds of the base time of the requested clock.
    pub seconds: u64,
    /// The nanoseconds of the base time, times 2^shift.
    pub shifted_ns: u64,
}

/// The time page that the kernel maps into every process.
///
/// # Examples
/// ```
/// use tearfree_clock::kernel::{KernelClock, KernelPage};
/// match KernelPage::find() {
///     Ok(page) => println!("{:?} ns", page.read(KernelClock::Monotonic)),
///     Err(error) => println!("{error}"), // such as a kernel whose layout is unknown
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct KernelPage {
    start: *const u64,
    layout: Layout,
}

// SAFETY: P11. The page is the kernel's and stays for the life of the process; it is only loaded
// from, by atomics.
unsafe impl Send for KernelPage {}
// SAFETY: P11. Loads of several threads at once are atomic, and no thread stores.
unsafe impl Sync for KernelPage {}

impl KernelPage {
    /// # Safety
    /// `start` is the address of a page that can be read, is aligned as pages are, and stays mapped;
    /// the layout fits into it.
    pub(super) const unsafe fn new(start: *const u64, layout: Layout) -> Self {
        KernelPage { start, layout }
    }

    /// Returns the layout.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Reads the sequence count, which is odd while the kernel writes.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.sequence().sequence()
    }

    /// Reads `clock_mode`, outside a read section.
    pub(super) fn mode(&self) -> u32 {
        self.word32(self.layout.mode())
    }

    /// Reads the words of the page for a clock, all of one moment. `None`: the count stays odd.
    #[inline]
    #[must_use]
    pub fn snapshot(&self, clock: KernelClock) -> Option<Snapshot> {
        self.section(clock, || ()).map(|(snapshot, ())| snapshot)
    }

    /// Reads the time of a clock in nanoseconds, computed as in the vDSO. `None`: the kernel has no counter
    /// for user programs, which can change at any time.
    #[inline]
    #[must_use]
    pub fn read(&self, clock: KernelClock) -> Option<u64> {
        let source = if cfg!(target_arch = "aarch64") { Source::Cntvct } else { Source::Tsc };
        let (page, cycles) = self.section(clock, || source.read_ordered())?;
        if page.mode != MODE_COUNTER {
            return None;
        }
        // Outside the section, as in the kernel: nothing is computed from torn words.
        let passed = cycles.wrapping_sub(page.cycle_last) & page.mask;
        // The counter of this processor may be a little behind that of the kernel's last update.
        let passed = if passed > page.mask / 2 { 0 } else { passed };
        let product = u128::from(passed) * u128::from(page.mult) + u128::from(page.shifted_ns);
        let ns = u64::try_from(product >> page.shift).ok()?;
        page.seconds.checked_mul(1_000_000_000)?.checked_add(ns)
    }

    /// Runs a read section; `None` if the count stays odd.
    #[inline(always)]
    fn section<R>(&self, clock: KernelClock, counter: impl Fn() -> R) -> Option<(Snapshot, R)> {
        let sequence = self.sequence();
        for attempt in 0..SPINS + SLEEPS {
            let Some(start) = sequence.try_read_begin() else {
                pause(attempt);
                continue;
            };
            let snapshot = self.words(clock);
            let result = counter();
            if !sequence.read_retry(start) {
                return Some((snapshot, result));
            }
        }
        None
    }

    #[inline(always)]
    fn words(&self, clock: KernelClock) -> Snapshot {
        let layout = self.layout;
        let base = layout.base(clock.id());
        Snapshot {
            count: self.word32(layout.clock),
            mode: self.word32(layout.mode()),
            cycle_last: self.word64(layout.cycle_last()),
            max_cycles: layout.has_max_cycles.then(|| self.word64(layout.max_cycles())),
            mask: self.word64(layout.mask()),
            mult: self.word32(layout.mult()),
            // A torn or foreign word must not make the shift overflow.
            shift: self.word32(layout.shift()) & 63,
            seconds: self.word64(base),
            shifted_ns: self.word64(base + 8),
        }
    }

    #[inline(always)]
    fn sequence(&self) -> &SeqCount<u32> {
        let word = self.start.wrapping_byte_add(self.layout.clock).cast::<u32>();
        // SAFETY: P11. The kernel's own count, aligned, mapped as long as the process lives; by the
        // promise of `new`. A reader does not write to it.
        unsafe { SeqCount::from_ptr(word.cast_mut()) }
    }

    #[inline(always)]
    fn word32(&self, offset: usize) -> u32 {
        let word = self.start.wrapping_byte_add(offset).cast::<AtomicU32>();
        // SAFETY: P11. Within the page, by the promise of `new`; aligned, because the offsets are.
        let word = unsafe { &*word };
        // ORDERING: Relaxed: payload of the kernel; the fence in `read_retry` comes after it.
        word.load(Relaxed)
    }

    #[inline(always)]
    fn word64(&self, offset: usize) -> u64 {
        let word = self.start.wrapping_byte_add(offset).cast::<AtomicU64>();
        // SAFETY: P11. Eight bytes within the page, by the promise of `new`; the offsets of such
        // words are multiples of 8.
        let word = unsafe { &*word };
        // ORDERING: Relaxed: payload of the kernel; the fence in `read_retry` comes after it.
        word.load(Relaxed)
    }
}

#[cold]
fn pause(attempt: u32) {
    if attempt < SPINS {
        core::hint::spin_loop();
    } else {
        thread::sleep(SLEEP);
    }
}
