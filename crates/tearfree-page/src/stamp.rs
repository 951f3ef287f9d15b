// SPDX-License-Identifier: MIT OR Apache-2.0
//! `StampSource`: makes the stamps of a writer's values.

use crate::layout::{LAST_PROMISE, NO_PROMISE, Stamp};
use crate::time::boot_time_ns;

/// What a writer says about the time of its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timing {
    /// Nothing: it reads no clock.
    Untimed,
    /// When they were published.
    Timed,
    /// Also that the next one follows within so many nanoseconds.
    Promised(u64),
}

/// The stamp of a value without time and promise.
const UNTIMED: Stamp =
    Stamp { published_ns: 0, valid_until: NO_PROMISE, time_namespace: 0, reserved: [0; 5] };

/// Makes the stamps of one writer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StampSource {
    timing: Timing,
    /// The time namespace of the writer's clock, or 0 if unknown.
    time_namespace: u64,
}

impl StampSource {
    pub(crate) fn new(timing: Timing, time_namespace: u64) -> Self {
        StampSource { timing, time_namespace }
    }

    /// Returns the stamp of a value whose publication begins now.
    #[inline(always)]
    pub(crate) fn stamp(&self) -> Stamp {
        match self.timing {
            Timing::Untimed => UNTIMED,
            _ => self.read_clock(),
        }
    }

    #[inline(never)]
    fn read_clock(&self) -> Stamp {
        self.stamp_at(boot_time_ns())
    }

    fn stamp_at(&self, now: u64) -> Stamp {
        Stamp {
            published_ns: now,
            valid_until: self.lifetime().map_or(NO_PROMISE, |lifetime| add(now, lifetime)),
            time_namespace: self.time_namespace,
            reserved: [0; 5],
        }
    }

    /// Returns the end of a promise that is made now; `None` if this writer promises nothing.
    pub(crate) fn new_promise(&self) -> Option<u64> {
        self.lifetime().map(|lifetime| add(boot_time_ns(), lifetime))
    }

    fn lifetime(&self) -> Option<u64> {
        match self.timing {
            Timing::Promised(lifetime) => Some(lifetime),
            Timing::Untimed | Timing::Timed => None,
        }
    }
}

/// Adds up; a sum that is too large is the last moment that a promise can have.
fn add(now: u64, lifetime: u64) -> u64 {
    now.saturating_add(lifetime).min(LAST_PROMISE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_says_what_its_writer_says() {
        let stamp = |timing| StampSource::new(timing, 9).stamp_at(100);
        let timed = Stamp { published_ns: 100, time_namespace: 9, ..UNTIMED };
        assert_eq!(stamp(Timing::Timed), timed);
        assert_eq!(stamp(Timing::Promised(7)), Stamp { valid_until: 107, ..timed });
        assert_eq!(stamp(Timing::Promised(u64::MAX)), Stamp { valid_until: LAST_PROMISE, ..timed });
        assert_eq!(StampSource::new(Timing::Untimed, 9).stamp(), UNTIMED);
    }

    #[test]
    fn only_a_promise_is_renewed() {
        let promise = |timing| StampSource::new(timing, 9).new_promise();
        assert_eq!((promise(Timing::Untimed), promise(Timing::Timed)), (None, None));
        let before = boot_time_ns();
        assert!(promise(Timing::Promised(7)).is_some_and(|until| until >= before + 7));
    }
}
