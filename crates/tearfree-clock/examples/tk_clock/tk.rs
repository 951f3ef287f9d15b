// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernel's timekeeping in its smallest form: `tk_update` and `tk_read` on a `SeqLock`.
//!
//! A timer adds the time that has passed; any number of readers read `{seconds, nanoseconds}` as one
//! value.
//! The same in C, with `write_seqlock` and `read_seqretry`, is the textbook example of the kernel's
//! `seqlock_t`.

use tearfree::SeqLock;

const NSEC_PER_SEC: u64 = 1_000_000_000;

/// The two halves of a time. Torn, they would be up to a second wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time {
    /// Whole seconds.
    pub(crate) seconds: u64,
    /// And nanoseconds, less than 1 000 000 000.
    pub(crate) nsec: u64,
}

/// The clock. Readers take no lock, and never delay the timer.
pub(crate) static TK: SeqLock<Time> = SeqLock::new(Time { seconds: 0, nsec: 0 });

/// Adds the time that has passed. Called by a timer.
pub(crate) fn tk_update(delta_nsec: u64) {
    TK.update(|tk| {
        tk.nsec += delta_nsec;
        tk.seconds += tk.nsec / NSEC_PER_SEC;
        tk.nsec %= NSEC_PER_SEC;
    });
}

/// Reads both halves as they were at one moment.
pub(crate) fn tk_read() -> Time {
    TK.read()
}
