// SPDX-License-Identifier: MIT OR Apache-2.0
//! The result of a read: the value, its freshness, and the state of its writer.

use core::time::Duration;

use crate::layout::{NO_PROMISE, STATE_LIVE, STATE_SUPERSEDED, Stamp};
use crate::time::boot_time_ns;

/// Stands, in a reader, for a promise by a clock that this process cannot read. Never in a page.
const UNKNOWN: u64 = u64::MAX - 1;

/// The state that the writer of a page last stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriterState {
    /// The writer has not ended in good order. It may have been killed: [`Freshness`] shows it.
    Live,
    /// The writer has ended. Another one may take over.
    Ended,
    /// The page was replaced or removed: open it again.
    Superseded,
}

impl WriterState {
    /// Decodes the word of a page. Unknown numbers count as the end of the writer.
    pub(crate) fn from_word(word: u64) -> Self {
        const LIVE: u64 = STATE_LIVE as u64;
        const SUPERSEDED: u64 = STATE_SUPERSEDED as u64;
        match word {
            LIVE => Self::Live,
            SUPERSEDED => Self::Superseded,
            _ => Self::Ended,
        }
    }
}

/// Whether a value is within the time that its writer promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// The promise holds for this much longer.
    Fresh(Duration),
    /// The writer promised to publish again by a time that passed this long ago.
    Stale(Duration),
    /// The writer made no promise: see [`Options::lifetime`](crate::Options::lifetime).
    Unpromised,
    /// The writer made a promise by a clock that this process cannot read: that of another time namespace, or of an
    /// unknown one, as without `/proc`. Or the value says that it is published in the future.
    Unknown,
}

impl Freshness {
    fn new(now: u64, published_ns: u64, valid_until: u64) -> Self {
        match valid_until {
            NO_PROMISE => Self::Unpromised,
            UNKNOWN => Self::Unknown,
            _ if published_ns > now => Self::Unknown,
            until if now <= until => Self::Fresh(Duration::from_nanos(until - now)),
            until => Self::Stale(Duration::from_nanos(now - until)),
        }
    }
}

/// A value as it was read, never torn, with its generation and what its writer said about it.
///
/// Reading does not look at the clock: [`age`](Self::age) and [`freshness`](Self::freshness) do, when they are asked.
#[derive(Clone, Copy, Debug)]
pub struct Reading<T> {
    /// The value.
    pub value: T,
    /// The number of publications before this one, by all writers of the page.
    pub generation: u64,
    pub(crate) status: ReadStatus,
}

/// The stamp that was validated with a copy, and the state of the writer after it.
///
/// All have the same size. A reading is copied a few times on its way to the caller, and one wide load
/// that takes up two narrower stores waits for both: five times as long as the whole read takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadStatus {
    times: Times,
    state: u64,
}

/// The times of a value as numbers, for programs in other languages: see [`Reading::times`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// When the publication began: `CLOCK_BOOTTIME` of this process in nanoseconds; 0 if unknown.
    pub published_ns: u64,
    /// Until when the writer promised to publish again, by the same clock; [`u64::MAX`] without a promise, one less if
    /// the promise is by a clock that this process cannot read.
    pub valid_until: u64,
}

impl<T> Reading<T> {
    /// Returns when the publication of the value began: `CLOCK_BOOTTIME` of this process in nanoseconds.
    ///
    /// `None` if that is unknown: the writer stores no times ([`Options::timed`](crate::Options::timed)), or lives in
    /// another time namespace, or in an unknown one. It is what the writer says, so it can be anything in a page of
    /// a hostile one.
    ///
    /// ```
    /// use tearfree_page::{Options, Reader, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// let mut writer = Writer::<u64>::create(&page, 1, &Options::new())?;
    /// let reader = Reader::<u64>::open(&page)?;
    /// let first = reader.read()?.published_ns();
    /// writer.set(2)?;
    /// assert!(reader.read()?.published_ns() >= first);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn published_ns(&self) -> Option<u64> {
        self.status.times.published_ns()
    }

    /// Computes how long ago the publication of the value began. Reads the clock, which takes some tens of nanoseconds.
    ///
    /// `None` if that is unknown, as for [`published_ns`](Self::published_ns), and if it is in the future. A take-over
    /// does not change it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tearfree_page::{Options, Reader, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// let _writer = Writer::<u64>::create(&page, 1, &Options::new())?;
    /// let reading = Reader::<u64>::open(&page)?.read()?;
    /// assert!(reading.age().is_some_and(|age| age < Duration::from_secs(3600)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.times().age()
    }

    /// Computes how fresh the value is now. Reads the clock if there is a promise.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.times().freshness()
    }

    /// Returns the times of the value, as numbers that a program can keep or hand to another language.
    ///
    /// ```
    /// use tearfree_page::{Freshness, Options, Reader, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// let _writer = Writer::<u64>::create(&page, 1, &Options::new())?;
    /// let times = Reader::<u64>::open(&page)?.read()?.times();
    /// assert_eq!((times.valid_until, times.freshness()), (u64::MAX, Freshness::Unpromised));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn times(&self) -> Times {
        self.status.times
    }

    /// Returns the state of the writer when the value was read.
    #[must_use]
    pub fn writer_state(&self) -> WriterState {
        self.status.writer_state()
    }

    #[inline(always)]
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Reading<U> {
        let Reading { value, generation, status } = self;
        Reading { value: change(value), generation, status }
    }
}

impl ReadStatus {
    /// `time_namespace` is that of this process. The times are known if it is that of the stamp, and not 0.
    #[inline(always)]
    pub(crate) fn new(stamp: &Stamp, time_namespace: u64, state: u32) -> Self {
        let is_known = stamp.time_namespace == time_namespace && time_namespace != 0;
        let is_unpromised = stamp.valid_until == NO_PROMISE;
        let times = Times {
            published_ns: if is_known { stamp.published_ns } else { 0 },
            valid_until: if is_known || is_unpromised { stamp.valid_until } else { UNKNOWN },
        };
        ReadStatus { times, state: state.into() }
    }

    pub(crate) fn writer_state(self) -> WriterState {
        WriterState::from_word(self.state)
    }
}

impl Times {
    fn published_ns(self) -> Option<u64> {
        (self.published_ns != 0).then_some(self.published_ns)
    }

    /// Computes how long ago the publication began: see [`Reading::age`].
    #[must_use]
    pub fn age(self) -> Option<Duration> {
        let published_ns = self.published_ns()?;
        boot_time_ns().checked_sub(published_ns).map(Duration::from_nanos)
    }

    /// Computes how fresh the value is now: see [`Reading::freshness`].
    #[must_use]
    pub fn freshness(self) -> Freshness {
        match self.valid_until {
            NO_PROMISE => Freshness::Unpromised,
            until => Freshness::new(boot_time_ns(), self.published_ns, until),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::layout::LAST_PROMISE;

    fn stamp(published_ns: u64, valid_until: u64, time_namespace: u64) -> Stamp {
        Stamp { published_ns, valid_until, time_namespace, reserved: [0; 5] }
    }

    fn read(stamp: &Stamp, time_namespace: u64) -> ReadStatus {
        ReadStatus::new(stamp, time_namespace, STATE_LIVE)
    }

    #[test]
    fn a_promise_holds_until_its_time_and_not_longer() {
        let freshness = |now, until| Freshness::new(now, 0, until);
        assert_eq!(freshness(5, 7), Freshness::Fresh(Duration::from_nanos(2)));
        assert_eq!(freshness(7, 7), Freshness::Fresh(Duration::ZERO));
        assert_eq!(freshness(8, 7), Freshness::Stale(Duration::from_nanos(1)));
        assert_eq!(freshness(u64::MAX - 1, NO_PROMISE), Freshness::Unpromised);
        assert_eq!(freshness(5, UNKNOWN), Freshness::Unknown);
        assert_eq!(
            freshness(5, LAST_PROMISE),
            Freshness::Fresh(Duration::from_nanos(u64::MAX - 7))
        );
    }

    #[test]
    fn a_value_from_the_future_is_neither_fresh_nor_young() {
        assert_eq!(Freshness::new(5, 5, 7), Freshness::Fresh(Duration::from_nanos(2)));
        assert_eq!(Freshness::new(5, 6, 7), Freshness::Unknown);
        assert_eq!(Freshness::new(5, u64::MAX, 7), Freshness::Unknown);
        let status = read(&stamp(u64::MAX, 1, 3), 3).times;
        assert_eq!((status.age(), status.freshness()), (None, Freshness::Unknown));
        assert_eq!(status.published_ns(), Some(u64::MAX));
    }

    #[test]
    fn a_time_by_another_or_an_unknown_clock_is_unknown() {
        for (writers, readers) in [(3, 4), (0, 3), (3, 0), (0, 0), (u64::MAX, 0), (0, u64::MAX)] {
            let status = read(&stamp(1, LAST_PROMISE, writers), readers).times;
            assert_eq!(status.freshness(), Freshness::Unknown, "{writers} {readers}");
            assert_eq!((status.published_ns(), status.age()), (None, None), "{writers} {readers}");
            let unpromised = read(&stamp(1, NO_PROMISE, writers), readers).times;
            assert_eq!(unpromised.freshness(), Freshness::Unpromised, "{writers} {readers}");
            assert_eq!(unpromised.age(), None, "{writers} {readers}");
        }
        let status = read(&stamp(1, LAST_PROMISE, 3), 3).times;
        assert!(matches!(status.freshness(), Freshness::Fresh(_)));
        assert_eq!(status.published_ns(), Some(1));
        assert!(status.age().is_some_and(|age| !age.is_zero()));
        assert!(matches!(read(&stamp(1, 1, 3), 3).times.freshness(), Freshness::Stale(_)));
        assert_eq!(read(&stamp(0, 1, 3), 3).times.age(), None, "a writer without times");
    }

    /// Numbers as a hostile writer has them: at the ends, near now, and any.
    fn hostile() -> impl Strategy<Value = u64> {
        let near = (0..5_u64, any::<bool>()).prop_map(|(distance, is_later)| match is_later {
            true => boot_time_ns() + distance * 1_000_000_000,
            false => boot_time_ns().saturating_sub(distance * 1_000_000_000),
        });
        prop_oneof![0..3_u64, u64::MAX - 3..=u64::MAX, near, any::<u64>()]
    }

    proptest! {
        #[test]
        fn no_stamp_panics_or_is_fresh_without_cause(
            published in hostile(),
            until in hostile(),
            writers in prop_oneof![0..3_u64, hostile()],
            readers in 0..3_u64,
            state in any::<u32>(),
        ) {
            let status = ReadStatus::new(&stamp(published, until, writers), readers, state);
            let before = boot_time_ns();
            let (age, freshness) = (status.times.age(), status.times.freshness());
            let after = boot_time_ns();
            let is_known = writers == readers && readers != 0;
            if let Some(age) = age.map(|age| u64::try_from(age.as_nanos()).unwrap()) {
                prop_assert!(is_known && published != 0);
                prop_assert!((before..=after).contains(&(published + age)));
            }
            match freshness {
                Freshness::Fresh(left) => {
                    prop_assert!(is_known && published <= after && before <= until);
                    prop_assert!(u128::from(until - before) >= left.as_nanos());
                }
                Freshness::Stale(since) => {
                    prop_assert!(is_known && published <= after && until < after);
                    prop_assert!(u128::from(after - until) >= since.as_nanos());
                }
                Freshness::Unpromised => prop_assert_eq!(until, NO_PROMISE),
                Freshness::Unknown => {
                    prop_assert!(!is_known || published > before || until == UNKNOWN);
                }
            }
            let _ = status.writer_state();
        }
    }
}
