// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqLock` and `SeqLatch`: a value, its sequence count, and the lock of its writers.

use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};

use crate::lock::{DefaultLock, Replaceable, WriterLock};
#[cfg(any(feature = "std", feature = "critical-section"))]
use crate::wake::Waiters;

#[cfg(any(feature = "std", feature = "critical-section"))]
mod changed;
mod claim;
mod contended;
mod fields;
mod guard;
mod locking;
mod owned;
mod protocol;
mod read;
#[cfg(feature = "serde")]
mod serde;
mod split;
mod version;
mod within;
mod write;

#[cfg(any(feature = "std", feature = "critical-section"))]
pub use changed::Changed;
pub use claim::Claim;
pub use fields::{Field, FieldSet, View};
pub use guard::WriteGuard;
pub use locking::ExclGuard;
use protocol::{Double, Single};
pub use protocol::{OneCopy, Protocol, TwoCopies};
pub use split::{Reader, Writer};
pub use version::Version;
pub use within::Within;

/// A value that is read far more often than written: `seqlock_t` and the data that it protects.
///
/// Readers copy the value between two loads of the sequence count, take no lock and write nothing to
/// memory; if a writer was inside, they retry. A writer never waits for readers. It changes a private
/// copy and publishes that at the end, so the count is odd for the length of one copy only, however long
/// the closure of [`update`](Sequenced::update) takes.
///
/// `T` is any `Copy` type: padding, `bool`, enums, references and `Option`s are all fine. Torn bytes stay
/// `MaybeUninit` until the count has shown that they are whole (P4).
///
/// The parameter `L` is the lock that excludes writers; a single writer needs none:
/// [`split`](Sequenced::split). For readers that must never wait (in signal or interrupt handlers that can
/// interrupt the writer) there is [`SeqLatch`](crate::SeqLatch).
///
/// # Cost
/// A read without a writer inside costs two loads of the count and the copy. The count and the lock come
/// right after the value, 16 bytes in all; nothing is padded to a cache line. Use crossbeam's
/// `CachePadded` against false sharing.
///
/// # Re-entering
/// A thread that takes the writer lock while it holds it never returns: [`set`](Sequenced::set),
/// [`update`](Sequenced::update), [`write`](Sequenced::write) and [`read_excl`](Sequenced::read_excl) inside this lock's
/// own `update`, or under one of its guards, also one that was forgotten. Debug builds with `std` panic
/// instead. Reading there works, and returns the old value.
///
/// # Fork
/// A child process has only the thread that forked. If another thread was in the middle of a write, the
/// child's copy keeps an odd count and a locked writer lock: there, [`read`](Sequenced::read) and every call
/// that takes the lock would never return, and [`get_mut`](Sequenced::get_mut) panics.
/// [`try_read`](Sequenced::try_read) and [`try_read_for`](Sequenced::try_read_for) return `None` then;
/// [`reset`](Sequenced::reset), or for a `static` [`reset_after_fork`](Sequenced::reset_after_fork), makes the
/// lock usable again.
///
/// # Examples
/// ```
/// use tearfree::SeqLock;
///
/// #[derive(Clone, Copy, Default)]
/// struct Quote { bid: f64, ask: f64, live: bool }
///
/// static QUOTE: SeqLock<Quote> = SeqLock::new(Quote { bid: 0.0, ask: 0.0, live: false });
///
/// QUOTE.set(Quote { bid: 99.5, ask: 100.5, live: true });
/// QUOTE.update(|quote| quote.bid += 0.25);
///
/// let quote = QUOTE.read(); // never a mix of two writes
/// assert_eq!((quote.bid, quote.ask, quote.live), (99.75, 100.5, true));
/// ```
///
/// A type that is not `Copy` does not compile; keep it behind an `Arc` swap instead.
/// ```compile_fail
/// let names = tearfree::SeqLock::new(String::from("a"));
/// names.read();
/// ```
#[doc(alias("seqlock_t", "DEFINE_SEQLOCK", "__SEQLOCK_UNLOCKED", "seqlock_init", "StampedLock"))]
pub type SeqLock<T, L = DefaultLock> = Sequenced<T, L, OneCopy>;

/// A value in two copies: `seqcount_latch_t` and its `data[2]`.
///
/// Readers never wait for a writer: not when it is preempted, not when they interrupt it in the middle of
/// a write (a signal handler, a non-maskable interrupt). They retry only if two writes were faster than
/// their one copy. A write copies twice, and the memory holds two copies.
///
/// Writers take the lock `L`, as in [`SeqLock`](crate::SeqLock).
///
/// In a child process that was forked in the middle of a write, readers use the whole copy; the
/// writer lock stays locked there until [`reset_after_fork`](Sequenced::reset_after_fork).
///
/// # Examples
/// ```
/// use tearfree::SeqLatch;
/// static CLOCK: SeqLatch<(u64, u32)> = SeqLatch::new((0, 0));
/// CLOCK.set((1, 500));
/// CLOCK.update(|clock| clock.1 += 1);
/// assert_eq!(CLOCK.read(), (1, 501));
/// ```
#[doc(alias("seqcount_latch_t", "DEFINE_SEQLATCH"))]
pub type SeqLatch<T, L = DefaultLock> = Sequenced<T, L, TwoCopies>;

/// A value, its count and the lock of its writers: [`SeqLock`] and [`SeqLatch`], which differ in the number
/// of copies.
#[repr(C)]
pub struct Sequenced<T, L, P: Protocol> {
    cell: P::Cell<T>,
    #[cfg(any(feature = "std", feature = "critical-section"))]
    waiters: Waiters,
    lock: Replaceable<L>,
}

#[cfg(all(
    target_pointer_width = "64",
    not(debug_assertions),
    any(feature = "std", not(feature = "critical-section"))
))]
const _: () = {
    // Small on purpose, for arrays of many locks.
    assert!(size_of::<SeqLock<u64>>() <= 24);
    assert!(size_of::<SeqLock<u8>>() <= 24);
    // The flags of `Fair` are in that lock only.
    assert!(size_of::<DefaultLock>() <= 2);
    assert!(size_of::<crate::lock::Fair>() <= 4);
};

impl<T: Copy> Sequenced<T, DefaultLock, OneCopy> {
    /// Creates a lock around `value`, with a count of zero: `seqlock_init`, `DEFINE_SEQLOCK`.
    ///
    /// ```
    /// static LIMITS: tearfree::SeqLock<(u32, u32)> = tearfree::SeqLock::new((1, 10));
    /// assert_eq!(LIMITS.read(), (1, 10));
    /// ```
    #[doc(alias("seqlock_init", "DEFINE_SEQLOCK", "__SEQLOCK_UNLOCKED"))]
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self::with_lock(value, DefaultLock::UNLOCKED)
    }
}

impl<T: Copy, L: WriterLock> Sequenced<T, L, OneCopy> {
    /// Creates a lock around `value` whose writers take `lock`, with a count of zero.
    ///
    /// ```
    /// use tearfree::{SeqLock, lock::SpinLock};
    /// static TICKS: SeqLock<u64, SpinLock> = SeqLock::with_lock(0, SpinLock::new());
    /// TICKS.set(1);
    /// # #[cfg(feature = "lock_api_04")] {
    /// use tearfree::lock::LockApi04;
    /// let mutex = LockApi04::<parking_lot::RawMutex>::new();
    /// assert_eq!(SeqLock::with_lock(5, mutex).read(), 5);
    /// # }
    /// ```
    #[must_use]
    pub const fn with_lock(value: T, lock: L) -> Self {
        Self::from_parts(Single::new(value), lock)
    }
}

impl<T: Copy> Sequenced<T, DefaultLock, TwoCopies> {
    /// Creates a latch around `value`.
    ///
    /// ```
    /// static CLOCK: tearfree::SeqLatch<(u64, u32)> = tearfree::SeqLatch::new((0, 0));
    /// assert_eq!(CLOCK.read(), (0, 0));
    /// ```
    #[doc(alias("seqcount_latch_init", "DEFINE_SEQLATCH"))]
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self::with_lock(value, DefaultLock::UNLOCKED)
    }
}

impl<T: Copy, L: WriterLock> Sequenced<T, L, TwoCopies> {
    /// Creates a latch around `value` whose writers take `lock`.
    ///
    /// ```
    /// use tearfree::{SeqLatch, lock::SpinLock};
    /// static CLOCK: SeqLatch<u64, SpinLock> = SeqLatch::with_lock(0, SpinLock::new());
    /// ```
    #[must_use]
    pub const fn with_lock(value: T, lock: L) -> Self {
        Self::from_parts(Double::new(value), lock)
    }
}

impl<T: Copy, L: WriterLock, P: Protocol> Sequenced<T, L, P> {
    const fn from_parts(cell: P::Cell<T>, lock: L) -> Self {
        Sequenced {
            cell,
            #[cfg(any(feature = "std", feature = "critical-section"))]
            waiters: Waiters::new(),
            lock: Replaceable::new(lock),
        }
    }
}

impl<T: Copy + Default, L: WriterLock, P: Protocol> Default for Sequenced<T, L, P> {
    fn default() -> Self {
        T::default().into()
    }
}

impl<T: Copy, L: WriterLock, P: Protocol> From<T> for Sequenced<T, L, P> {
    fn from(value: T) -> Self {
        Self::from_parts(P::new_cell(value), L::UNLOCKED)
    }
}

impl<T: Copy + fmt::Debug, L: WriterLock, P: Protocol> fmt::Debug for Sequenced<T, L, P> {
    /// Shows the value if a read succeeds at once, so that printing never waits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct(P::NAME);
        shown.field("sequence", &P::sequence(P::count(&self.cell)));
        match self.try_read() {
            Some(value) => shown.field("value", &value),
            None => shown.field("value", &format_args!("<being written>")),
        };
        shown.finish()
    }
}

// A panic while a lock is held publishes nothing, so other threads see whole values only: no poisoning
// is needed.
impl<T, L, P: Protocol> UnwindSafe for Sequenced<T, L, P> {}
impl<T, L, P: Protocol> RefUnwindSafe for Sequenced<T, L, P> {}
