// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Clock`: reads the time that a timekeeper publishes, in any process.

use core::time::Duration;
use std::path::Path;
use std::thread;
use std::time::Instant;

use tearfree_page::{Owner, Reader, SlotView};

use crate::error::Error;
use crate::namespace::is_elsewhere;
use crate::record::{DEFAULT_NAME, Hot, Record, real_offset_ns, word};
use crate::source::{Source, host_ns};
use crate::status::{Bounded, Status};

/// The longest sleep of one that waits for the status to change.
const NAP: Duration = Duration::from_millis(10);

/// The time of a page, for reading.
///
/// All times are nanoseconds. Reading takes no lock, makes no system call, stores nothing, never
/// waits for the timekeeper, and works in signal handlers and forked children. A clock whose
/// timekeeper has died goes on at its last slope, and says so: first [`Status::FreeRunning`], then
/// [`Status::Unknown`].
///
/// # Examples
/// ```
/// use tearfree_clock::{Clock, Keeper, Settings};
/// # let folder = tempfile::tempdir()?;
/// # let page = folder.path().join("clock");
/// let mut keeper = Keeper::open(&page, Settings::default())?; // usually `tearfree clock serve`
/// keeper.tick();
///
/// let clock = Clock::open_page(&page)?;
/// let (first, second) = (clock.now(), clock.now());
/// assert!(first <= second);
/// assert!(clock.coarse() <= second);
/// let bounded = clock.now_bounded();
/// assert!(bounded.earliest <= bounded.latest);
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
    /// If there is none, or it cannot be read from here.
    pub fn open() -> Result<Self, Error> {
        Self::open_page(DEFAULT_NAME)
    }

    /// Opens a clock by its name, or by its path if it has a `/` in it.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_page(page: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_page_of(page, Owner::ThisUserOrRoot)
    }

    /// As [`open_page`](Self::open_page), of the given owner.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_page_of(page: impl AsRef<Path>, owner: Owner) -> Result<Self, Error> {
        Self::new(Reader::open_owned_by(page, owner)?)
    }

    fn new(page: Reader<Record>) -> Result<Self, Error> {
        let word = page.read().map_err(tearfree_page::Error::from)?.value.source;
        let source = Source::of(word).filter(|source| source.is_here());
        let source = source.ok_or(Error::Source(word))?;
        if source == Source::Host && is_elsewhere(page.word(word::TIME_NAMESPACE)) {
            return Err(Error::TimeNamespace);
        }
        Ok(Clock { page, source })
    }

    /// The time, like `CLOCK_MONOTONIC`: not before anything that precedes the call in the program.
    ///
    /// It never decreases, in whatever process or thread it is read, as long as its timekeeper
    /// publishes each bend before its pivot; [`late_publications`](Self::late_publications) counts
    /// the exceptions.
    #[inline]
    #[must_use]
    pub fn now(&self) -> u64 {
        self.quick(Source::ordered, |_| ()).map_or_else(|| self.now_again(), |(ns, ())| ns)
    }

    /// The time at about the time of the call: the processor may have taken it some tens of
    /// nanoseconds earlier or later than what stands around it in the program. Half the cost on
    /// x86-64.
    #[inline]
    #[must_use]
    pub fn now_unordered(&self) -> u64 {
        self.quick(Source::unordered, |_| ()).map_or_else(|| self.now_again(), |(ns, ())| ns)
    }

    /// The time of the last tick: one load. It never decreases and is never later than
    /// [`now`](Self::now); it is older by up to one tick, or by however long its timekeeper is late
    /// or dead.
    #[inline]
    #[must_use]
    pub fn coarse(&self) -> u64 {
        self.page.word(word::COARSE_NS)
    }

    /// The time of day, like `CLOCK_REALTIME`: nanoseconds since 1970. Somebody may set it, also back.
    #[inline]
    #[must_use]
    pub fn realtime(&self) -> u64 {
        match self.quick(Source::ordered, real_offset_ns) {
            Some((ns, offset_ns)) => ns.saturating_add_signed(offset_ns),
            None => {
                let (record, count) = self.look();
                record.at(count).saturating_add_signed(record.real_offset_ns)
            }
        }
    }

    /// The time, if the first slope of the record is enough for it, and the counter is one of the
    /// processor. Also what `more` reads of the same record.
    #[inline(always)]
    fn quick<M>(
        &self,
        count: impl FnOnce(Source) -> u64,
        more: impl FnOnce(&SlotView<'_, Record>) -> M,
    ) -> Option<(u64, M)> {
        let (count, hot, more) = self.page.try_current(|record| {
            // The count before the numbers, which then need not be there when the processor comes here:
            // a counter that is read in order waits for all loads before it.
            let count = count(Source::NATIVE);
            (count, Hot::of(&record), more(&record))
        })?;
        if !hot.counts_by(Source::NATIVE) {
            return None;
        }
        Some((hot.at(count)?, more))
    }

    /// The interval in which the host's `CLOCK_MONOTONIC` is now.
    #[must_use]
    pub fn now_bounded(&self) -> Bounded {
        let (record, count) = self.look();
        let status = record.status_at(count);
        Bounded::around(record.at(count), record.bound_at(count), status)
    }

    /// The interval in which UTC is now, in nanoseconds since 1970.
    ///
    /// Its width is what the kernel's NTP code believes, and our own part. Where nobody disciplines
    /// the host's clock the kernel says 16 seconds, and the status is [`Status::Unknown`].
    #[must_use]
    pub fn utc_bounded(&self) -> Bounded {
        let (record, count) = self.look();
        let status = record.utc_status_at(count);
        let ns = record.at(count).saturating_add_signed(record.real_offset_ns);
        match record.utc_bound_at(count) {
            Some(bound_ns) => Bounded::around(ns, bound_ns, status),
            None => Bounded { earliest: 0, latest: u64::MAX, status: Status::Unknown },
        }
    }

    /// Waits until the host's `CLOCK_MONOTONIC` is certainly past `ns`, bounds and all.
    ///
    /// After that, no process of this host can still see a time up to `ns`. Returns what it saw then,
    /// or `None` after `timeout`.
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

    /// Waits until the clock is synchronised with the host's; `None` after `timeout`.
    #[must_use]
    pub fn wait_synchronised(&self, timeout: Option<Duration>) -> Option<Bounded> {
        wait(timeout, || {
            let now = self.now_bounded();
            if now.status == Status::Synchronised { Ok(now) } else { Err(u64::MAX) }
        })
    }

    /// How the clock stands to the host's.
    #[must_use]
    pub fn status(&self) -> Status {
        self.now_bounded().status
    }

    /// The counter it is read from.
    #[must_use]
    pub fn source(&self) -> Source {
        self.source
    }

    /// The newest record, and a count at which it was the newest.
    #[must_use]
    pub fn record(&self) -> (Record, u64) {
        self.look()
    }

    /// How many bends were published after their pivot. Each may have shown somebody a step back of
    /// at most the change of slope times the delay, some nanoseconds.
    #[must_use]
    pub fn late_publications(&self) -> u64 {
        self.page.word(word::LATE_PUBLICATIONS)
    }

    /// The page underneath.
    #[must_use]
    pub fn page(&self) -> &Reader<Record> {
        &self.page
    }

    /// The newest record, and a count that was read while it was the newest.
    ///
    /// So the count is below the pivot of the next record, up to which the two lines are one: that is
    /// what makes the time monotonic.
    fn look(&self) -> (Record, u64) {
        let source = self.source;
        match self.page.read_current(|| source.ordered()) {
            Ok((reading, count)) if reading.value.source == source.word() => (reading.value, count),
            _ => self.look_again(),
        }
    }

    /// On a slope that has just begun, or on a line that nobody keeps any more.
    #[cold]
    fn now_again(&self) -> u64 {
        let (record, count) = self.look();
        record.at(count)
    }

    /// Another timekeeper came with another counter, or the page is beyond reading.
    #[cold]
    fn look_again(&self) -> (Record, u64) {
        let seen = self.page.read().ok().and_then(|reading| Source::of(reading.value.source));
        let source = seen.filter(|source| source.is_here()).unwrap_or(Source::Host);
        match self.page.read_current(|| source.ordered()) {
            Ok((reading, count)) if reading.value.source == source.word() => (reading.value, count),
            // What is left is the host's clock, as it is, and nobody's promise.
            _ => (Record::of_host(), host_ns()),
        }
    }
}

/// Sleeps as long as `look` says is missing, until it is content or the time is up.
fn wait<R>(timeout: Option<Duration>, look: impl Fn() -> Result<R, u64>) -> Option<R> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    loop {
        let missing = match look() {
            Ok(result) => return Some(result),
            Err(missing_ns) => Duration::from_nanos(missing_ns).min(NAP),
        };
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return None;
        }
        thread::sleep(left.map_or(missing, |left| left.min(missing)));
    }
}
