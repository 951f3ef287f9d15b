// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqLock` and `SeqLatch`: a value, its sequence count, and the lock that keeps its writers apart.

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
/// Readers copy the value out between two looks at the sequence count, take no lock and write
/// nothing to memory; if a writer was inside, they retry. A writer never waits for readers. It works
/// on a private copy and publishes that at the end, so the count is odd for the length of one copy
/// only, whatever the caller does in [`update`](Sequenced::update).
///
/// `T` is any `Copy` type: padding, `bool`, enums, references and `Option`s are all fine. Torn bytes
/// stay inside as `MaybeUninit` until the count says that they are whole (P4).
///
/// Which lock keeps writers apart is the parameter `L`; a single writer needs none:
/// [`split`](Sequenced::split). Readers that must never wait (in signal or interrupt handlers that can hit
/// the writer) want [`SeqLatch`](crate::SeqLatch).
///
/// # Cost
/// A read without a writer inside costs two loads of the count and the copy. The count and the lock
/// stand right behind the value, 16 bytes in all; nothing is padded to a cache line. Wrap it in
/// crossbeam's `CachePadded` if neighbours disturb each other.
///
/// # Re-entering
/// A thread that takes the writer lock while it holds it waits for itself: [`set`](Sequenced::set),
/// [`update`](Sequenced::update), [`write`](Sequenced::write) and [`read_excl`](Sequenced::read_excl) inside of this lock's
/// own `update`, or under one of its guards, also one that was forgotten. Debug builds with `std` panic
/// instead. Reading there is fine, and gives the old value.
///
/// # Fork
/// A child process has the one thread that forked. If another thread was in the middle of a write, the
/// child's copy keeps an odd count and a locked writer lock: there, [`read`](Sequenced::read) and every call
/// that takes the lock would never return, and [`get_mut`](Sequenced::get_mut) panics.
/// [`try_read`](Sequenced::try_read) and [`try_read_for`](Sequenced::try_read_for) say so by `None`;
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
/// Readers never wait for a writer: not when it has lost its processor, not when they interrupt it in
/// the middle of a write (a signal handler, a non-maskable interrupt). They retry only if two writes
/// were faster than their one copy. The price is that a write copies twice, and that memory holds two
/// copies.
///
/// Writers take the lock `L`, as in [`SeqLock`](crate::SeqLock).
///
/// In a child process that was forked in the middle of a write, readers go on with the whole copy; the
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

/// A value, its count and its writers' lock: what [`SeqLock`] and [`SeqLatch`] are, which differ in the
/// number of copies.
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
    // Small on purpose: many locks in an array are a use of their own.
    assert!(size_of::<SeqLock<u64>>() <= 24);
    assert!(size_of::<SeqLock<u8>>() <= 24);
    // What fairness needs is in the lock that was chosen for it.
    assert!(size_of::<DefaultLock>() <= 2);
    assert!(size_of::<crate::lock::Fair>() <= 4);
};

impl<T: Copy> Sequenced<T, DefaultLock, OneCopy> {
    /// A lock around `value`, with a count of zero: `seqlock_init`, `DEFINE_SEQLOCK`.
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
    /// A lock around `value` whose writers are kept apart by `lock`, with a count of zero.
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
        Self::around(Single::new(value), lock)
    }
}

impl<T: Copy> Sequenced<T, DefaultLock, TwoCopies> {
    /// A latch around `value`.
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
    /// A latch around `value` whose writers are kept apart by `lock`.
    ///
    /// ```
    /// use tearfree::{SeqLatch, lock::SpinLock};
    /// static CLOCK: SeqLatch<u64, SpinLock> = SeqLatch::with_lock(0, SpinLock::new());
    /// ```
    #[must_use]
    pub const fn with_lock(value: T, lock: L) -> Self {
        Self::around(Double::new(value), lock)
    }
}

impl<T: Copy, L: WriterLock, P: Protocol> Sequenced<T, L, P> {
    const fn around(cell: P::Cell<T>, lock: L) -> Self {
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
        Self::around(P::cell(value), L::UNLOCKED)
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

// A panic while a lock is held publishes nothing, so what others see stays whole: there is nothing
// to be poisoned.
impl<T, L, P: Protocol> UnwindSafe for Sequenced<T, L, P> {}
impl<T, L, P: Protocol> RefUnwindSafe for Sequenced<T, L, P> {}
