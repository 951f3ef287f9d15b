// SPDX-License-Identifier: MIT OR Apache-2.0
//! Versions: whether a value has changed, and waiting until it has.

use core::fmt;
use core::hash::{Hash, Hasher};
#[cfg(feature = "std")]
use core::time::Duration;
#[cfg(feature = "std")]
use std::time::Instant;

use super::Sequenced;
use super::protocol::Protocol;
use crate::lock::WriterLock;
use crate::misuse::{self, LockId};

/// The write that a value comes from. Two versions of one lock are equal if no write lies between them.
///
/// Versions have no order: a count may wrap (P9). Versions of two locks cannot be compared; debug builds with
/// `std` panic where they are, or where one is passed to the other lock.
#[derive(Clone, Copy)]
pub struct Version {
    count: usize,
    lock: LockId,
}

impl Version {
    /// Creates the version that belongs to this even count.
    #[inline]
    pub(crate) fn new(even: usize, lock: LockId) -> Self {
        Version { count: even, lock }
    }
}

impl PartialEq for Version {
    /// # Panics
    /// In debug builds with `std`, if the two are of two locks.
    #[inline]
    #[cfg_attr(debug_assertions, track_caller)]
    fn eq(&self, other: &Self) -> bool {
        misuse::assert_same_lock(self.lock, other.lock);
        self.count == other.count
    }
}

impl Eq for Version {}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Version").field(&self.count).finish()
    }
}

impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.count.hash(state);
    }
}

impl<T: Copy, L: WriterLock, P: Protocol> Sequenced<T, L, P> {
    /// Returns the version of the last complete write. Never waits.
    ///
    /// A thread that sees another version than before also sees what the writer did before that write.
    ///
    /// ```
    /// let lock = tearfree::SeqLock::new(1);
    /// let before = lock.version();
    /// lock.set(1); // the same value is a new version
    /// assert_ne!(lock.version(), before);
    /// ```
    #[doc(alias("ModificationCount"))]
    #[inline]
    #[must_use]
    pub fn version(&self) -> Version {
        Version::new(P::newest(P::count(&self.cell)), self.lock.identity().id())
    }

    /// Returns the value and its version.
    ///
    /// ```
    /// let lock = tearfree::SeqLock::new(1);
    /// let (value, version) = lock.read_versioned();
    /// assert_eq!((value, version), (1, lock.version()));
    /// ```
    #[inline]
    #[must_use]
    pub fn read_versioned(&self) -> (T, Version) {
        match self.try_read_versioned() {
            Some(read) => read,
            None => self.read_versioned_contended(),
        }
    }

    /// Returns the value if its version is not `seen`, and sets `seen` to the new version.
    ///
    /// Without a change this costs one load and copies nothing.
    ///
    /// ```
    /// let lock = tearfree::SeqLock::new(1);
    /// let mut seen = lock.version();
    /// assert_eq!(lock.read_if_changed(&mut seen), None);
    /// lock.set(2);
    /// assert_eq!(lock.read_if_changed(&mut seen), Some(2));
    /// assert_eq!(lock.read_if_changed(&mut seen), None);
    /// ```
    #[inline]
    #[must_use = "`seen` is now the version of this value, which is not returned again"]
    pub fn read_if_changed(&self, seen: &mut Version) -> Option<T> {
        if self.version() == *seen {
            return None;
        }
        let (value, version) = self.read_versioned();
        *seen = version;
        Some(value)
    }

    /// Sleeps until the version is not `seen`; returns `false` if `timeout` passes before.
    ///
    /// No change is missed: one between the read that gave `seen` and this call ends it at once. After
    /// `true` the caller sees what the writer did before its write. A writer pays for waiting with one
    /// load; it makes a system call only if a thread sleeps.
    ///
    /// A waiter takes no lock and delays no writer. On Linux each call that has to wait makes two system
    /// calls, `membarrier` and `futex`. A thread that holds a guard of this lock would wait for itself.
    ///
    /// # Panics
    /// In debug builds with `std`, if there is no timeout and this thread holds the lock.
    ///
    /// # Examples
    /// ```
    /// use std::{thread, time::Duration};
    /// let lock = tearfree::SeqLock::new(1);
    /// let seen = lock.version();
    /// assert!(!lock.wait_changed(seen, Some(Duration::from_millis(1))));
    /// thread::scope(|s| {
    ///     s.spawn(|| assert!(lock.wait_changed(seen, None)));
    ///     lock.set(2);
    /// });
    /// ```
    #[cfg(feature = "std")]
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn wait_changed(&self, seen: Version, timeout: Option<Duration>) -> bool {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            if self.version() != seen {
                return true;
            }
            let round = self.waiters.announce();
            // Before the load of the version, so that a change before the deadline is never missed.
            let is_over = deadline.is_some_and(|deadline| Instant::now() >= deadline);
            if self.version() != seen {
                return true;
            }
            if is_over {
                return false;
            }
            if deadline.is_none() {
                self.lock.identity().assert_not_held_here();
            }
            self.waiters.sleep(&round, deadline);
        }
    }
}

#[cfg(all(test, not(tearfree_axm)))]
mod tests {
    use crate::SeqLatch;

    #[test]
    fn a_read_in_the_middle_of_a_write_of_a_latch_has_the_version_of_its_value() {
        let latch = SeqLatch::<u64>::new(1);
        let before = latch.version();
        latch.cell.count.write_begin();
        latch.cell.slots[0].store(&2);
        assert_eq!(latch.read_versioned(), (1, before));
        assert_eq!(latch.version(), before);
        latch.cell.count.write_flip();
        assert_eq!(latch.read_versioned(), (2, latch.version()));
        assert_ne!(latch.version(), before);
    }
}
