// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Clock`: reads the time that a timekeeper publishes, in any process.

use core::time::Duration;
use std::path::Path;
use std::thread;
use std::time::Instant;

use tearfree_page::{Owner, Reader, SlotView};

use crate::error::Error;
use crate::fields::{Record, word};
use crate::first_slope::{FirstSlope, real_offset_ns};
use crate::host_time::host_ns;
use crate::namespace::is_other_namespace;
use crate::record::DEFAULT_NAME;
use crate::source::Source;
use crate::status::{Bounded, Status};

/// The longest sleep between two readings of a wait.
const MAX_SLEEP: Duration = Duration::from_millis(10);

/// Reads the time that a timekeeper publishes on a page.
///
/// All times are nanoseconds. Reading takes no lock, makes no system call, stores nothing, never
/// waits for the timekeeper, and works in signal handlers and forked children. A clock whose
/// timekeeper has died runs on at its last slope, and reports so: first [`Status::FreeRunning`], then
/// [`Status::Unknown`].
///
/// # Examples
/// ```
/// use tearfree_clock::{Clock, Keeper, Settings, host_ns};
/// # let folder = tempfile::tempdir()?;
/// # let page = folder.path().join("clock");
/// let mut keeper = Keeper::open(&page, Settings::default())?; // usually `tearfree clock serve`
/// keeper.tick()?;
///
/// let clock = Clock::open_page(&page)?;
/// let (first, second) = (clock.now(), clock.now());
/// assert!(first <= second);
/// assert!(clock.coarse() <= second);
/// let (before, bounded, after) = (host_ns(), clock.now_bounded(), host_ns());
/// assert!(bounded.earliest <= after && before <= bounded.latest);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Clock {
    page: Reader<Record>,
    source: Source,
}

impl Clock {
    /// Opens the clock of this machine: the page [`DEFAULT_NAME`] of this user or of root.
    ///
    /// # Errors
    /// If there is none, or this process cannot read it.
    pub fn open() -> Result<Self, Error> {
        Self::open_page(DEFAULT_NAME)
    }

    /// Opens a clock by the name of its page, or by its path if it contains a `/`.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_page(page: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_page_owned_by(page, Owner::ThisUserOrRoot)
    }

    /// As [`open_page`](Self::open_page), for a page of the given owner.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_page_owned_by(page: impl AsRef<Path>, owner: Owner) -> Result<Self, Error> {
        Self::new(Reader::open_owned_by(page, owner)?)
    }

    fn new(page: Reader<Record>) -> Result<Self, Error> {
        let word = page.read().map_err(tearfree_page::Error::from)?.value.source;
        let source = Source::from_word(word).filter(|source| source.is_supported());
        let source = source.ok_or(Error::Source(word))?;
        if source == Source::Host && is_other_namespace(page.word(word::TIME_NAMESPACE)) {
            return Err(Error::TimeNamespace);
        }
        Ok(Clock { page, source })
    }

    /// Returns the time, like `CLOCK_MONOTONIC`. The counter is read after everything that precedes the
    /// call in the program.
    ///
    /// It never decreases, across all processes and threads, as long as the timekeeper publishes each
    /// bend before its pivot; [`late_publications`](Self::late_publications) counts the exceptions.
    #[inline]
    #[must_use]
    pub fn now(&self) -> u64 {
        self.try_fast(Source::read_ordered, |_| ()).map_or_else(|| self.now_slow(), |(ns, ())| ns)
    }

    /// As [`now`](Self::now), but the processor may read the counter some tens of nanoseconds before or
    /// after the neighbouring instructions. Half the cost on x86-64.
    #[inline]
    #[must_use]
    pub fn now_unordered(&self) -> u64 {
        self.try_fast(Source::read_unordered, |_| ()).map_or_else(|| self.now_slow(), |(ns, ())| ns)
    }

    /// Returns the time of the last tick, with one load. It never decreases and is never later than
    /// [`now`](Self::now). It is older by up to one tick, or more while the timekeeper is late or dead.
    #[inline]
    #[must_use]
    pub fn coarse(&self) -> u64 {
        self.page.word(word::COARSE_NS)
    }

    /// Returns the time of day, like `CLOCK_REALTIME`: nanoseconds since 1970. It may be set, also back.
    #[inline]
    #[must_use]
    pub fn realtime(&self) -> u64 {
        match self.try_fast(Source::read_ordered, real_offset_ns) {
            Some((ns, offset_ns)) => ns.saturating_add_signed(offset_ns),
            None => {
                let (record, count) = self.read_record();
                record.ns_at(count).saturating_add_signed(record.real_offset_ns)
            }
        }
    }

    /// Returns the time if the count is on the record's first slope and the counter is the processor's;
    /// also what `more` reads from the same record.
    #[inline(always)]
    fn try_fast<M>(
        &self,
        count: impl FnOnce(Source) -> u64,
        more: impl FnOnce(&SlotView<'_, Record>) -> M,
    ) -> Option<(u64, M)> {
        let (count, slope, more) = self.page.try_current(|record| {
            // The count first: an ordered counter waits for all loads before it, and these loads need
            // not wait for it.
            let count = count(Source::NATIVE);
            (count, FirstSlope::from_view(&record), more(&record))
        })?;
        if !slope.is_counted_by(Source::NATIVE) {
            return None;
        }
        Some((slope.ns_at(count)?, more))
    }

    /// Returns the interval that contains the host's `CLOCK_MONOTONIC`.
    #[must_use]
    pub fn now_bounded(&self) -> Bounded {
        let (record, count) = self.read_record();
        let status = record.status_at(count);
        Bounded::new(record.ns_at(count), record.bound_at(count), status)
    }

    /// Returns the interval that contains UTC, in nanoseconds since 1970.
    ///
    /// Its width is the error that the kernel's NTP code assumes, plus this clock's own. If no NTP
    /// client disciplines the host's clock, the kernel assumes 16 seconds, and the status is
    /// [`Status::Unknown`].
    #[must_use]
    pub fn utc_bounded(&self) -> Bounded {
        let (record, count) = self.read_record();
        let status = record.utc_status_at(count);
        let ns = record.ns_at(count).saturating_add_signed(record.real_offset_ns);
        match record.utc_bound_at(count) {
            Some(bound_ns) => Bounded::new(ns, bound_ns, status),
            None => Bounded { earliest: 0, latest: u64::MAX, status: Status::Unknown },
        }
    }

    /// Waits until the host's `CLOCK_MONOTONIC` is certainly past `ns`: the whole interval is.
    ///
    /// After that, no process of this host can read a time up to `ns`. Returns the interval, or `None`
    /// after `timeout`.
    #[must_use]
    pub fn wait_until_past(&self, ns: u64, timeout: Option<Duration>) -> Option<Bounded> {
        wait(timeout, || {
            let now = self.now_bounded();
            if now.earliest > ns { Ok(now) } else { Err(ns - now.earliest) }
        })
    }

    /// Waits until UTC is certainly past `ns`, nanoseconds since 1970: the commit wait of databases.
    #[must_use]
    pub fn wait_until_past_utc(&self, ns: u64, timeout: Option<Duration>) -> Option<Bounded> {
        wait(timeout, || {
            let now = self.utc_bounded();
            if now.earliest > ns { Ok(now) } else { Err(ns - now.earliest) }
        })
    }

    /// Waits until the clock is synchronised with the host's. Returns the interval, or `None` after
    /// `timeout`.
    #[must_use]
    pub fn wait_synchronised(&self, timeout: Option<Duration>) -> Option<Bounded> {
        wait(timeout, || {
            let now = self.now_bounded();
            if now.status == Status::Synchronised { Ok(now) } else { Err(u64::MAX) }
        })
    }

    /// Returns whether the clock is synchronised with the host's.
    #[must_use]
    pub fn status(&self) -> Status {
        self.now_bounded().status
    }

    /// Returns the counter from which the time is computed.
    #[must_use]
    pub fn source(&self) -> Source {
        self.source
    }

    /// Returns the newest record, and a count that was read while it was the newest.
    #[must_use]
    pub fn record(&self) -> (Record, u64) {
        self.read_record()
    }

    /// Returns how many bends were published after their pivot. At each, readers may have seen a step
    /// back of at most the change of slope times the delay, some nanoseconds.
    #[must_use]
    pub fn late_publications(&self) -> u64 {
        self.page.word(word::LATE_PUBLICATIONS)
    }

    /// Returns the page.
    #[must_use]
    pub fn page(&self) -> &Reader<Record> {
        &self.page
    }

    /// Reads the newest record, and a count while it is the newest.
    ///
    /// So the count is below the pivot of the next record, and up to there both lines are equal. That
    /// makes the time monotonic.
    fn read_record(&self) -> (Record, u64) {
        let source = self.source;
        match self.page.get_current(|| source.read_ordered()) {
            Ok((record, count)) if record.source == source.to_word() => (record, count),
            _ => self.read_record_again(),
        }
    }

    /// The time beyond the first slope: after a bend, or without a timekeeper.
    #[cold]
    fn now_slow(&self) -> u64 {
        let (record, count) = self.read_record();
        record.ns_at(count)
    }

    /// Reads again after a timekeeper changed the counter, or when the page cannot be read.
    #[cold]
    fn read_record_again(&self) -> (Record, u64) {
        let seen = self.page.get().ok().and_then(|record| Source::from_word(record.source));
        let source = seen.filter(|source| source.is_supported()).unwrap_or(Source::Host);
        match self.page.get_current(|| source.read_ordered()) {
            Ok((record, count)) if record.source == source.to_word() => (record, count),
            // The fallback is the host's clock, without any bound.
            _ => (Record::from_host_clock(), host_ns()),
        }
    }
}

/// Calls `check` until it succeeds or the time is up. Its error is how long to sleep, in nanoseconds.
fn wait<R>(timeout: Option<Duration>, check: impl Fn() -> Result<R, u64>) -> Option<R> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    loop {
        let missing = match check() {
            Ok(result) => return Some(result),
            Err(missing_ns) => Duration::from_nanos(missing_ns).min(MAX_SLEEP),
        };
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return None;
        }
        thread::sleep(left.map_or(missing, |left| left.min(missing)));
    }
}
