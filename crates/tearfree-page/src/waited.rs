// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Waited`, how a wait ends, and what a waiter has seen of its page.

use core::time::Duration;
use std::time::Instant;

use crate::byte_reader::ByteReader;
use crate::layout::STATE_SUPERSEDED;
use crate::sleep::Sleep;
use crate::status::{Freshness, WriterState};
use crate::waiting::{self, Sealed, Wait};

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waited {
    /// There is another value than the one that was seen.
    Changed,
    /// The value is older than its writer promised. The writer may be dead, stopped or slow.
    Stale,
    /// The writer has ended in good order. Another one may take over.
    Ended,
    /// The page was replaced or removed: open it again. A follower does that itself.
    Superseded,
    /// Another page has the name now, or a page has it again: the follower reads that.
    Replaced,
    /// No page has the name, or none that the follower can read. It keeps the last value, and waits for the next page.
    Gone,
    /// The timeout expired.
    TimedOut,
}

/// What was seen or reported of a page: what a [`Watch`] does not report again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The generation that was seen.
    pub generation: u64,
    /// The state of the writer that was reported.
    pub writer: WriterState,
    /// The generation that was reported as stale, and [`valid_until`](crate::Times::valid_until) of its promise.
    pub stale: Option<(u64, u64)>,
}

impl Reported {
    /// The generation was seen, and nothing else reported.
    #[must_use]
    pub fn new(generation: u64) -> Self {
        Reported { generation, writer: WriterState::Live, stale: None }
    }
}

/// What a waiter has reported of its page, and the words by which it notices more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) reported: Reported,
    /// The lower half of the count and the state, as they were loaded last.
    words: [u32; 2],
    /// When the promise ends.
    until: Option<Instant>,
}

impl Seen {
    pub(crate) fn new(reported: Reported) -> Self {
        Seen { reported, words: [0; 2], until: None }
    }

    /// Returns what has happened to the page. Each event is returned once, but [`Waited::Superseded`] each time.
    pub(crate) fn check(&mut self, page: &ByteReader) -> Option<Waited> {
        let event = self.check_value(page);
        if self.is_superseded() { Some(Waited::Superseded) } else { event }
    }

    /// Whether the page was superseded when it was checked last.
    pub(crate) fn is_superseded(&self) -> bool {
        self.words[1] == STATE_SUPERSEDED
    }

    /// The same, for a waiter that knows whether the page was superseded.
    pub(crate) fn check_value(&mut self, page: &ByteReader) -> Option<Waited> {
        // Acquire, so "changed" also shows what the writer did before it published.
        let (generation, words) = page.load_words();
        let [_, state] = words;
        self.words = words;
        self.until = None;
        if generation != self.reported.generation {
            self.reported.generation = generation;
            // Its writer was live after any end that was reported.
            self.reported.writer = WriterState::Live;
            return Some(Waited::Changed);
        }
        let state = WriterState::from_word(state.into());
        let is_new = core::mem::replace(&mut self.reported.writer, state) != state;
        if is_new && state == WriterState::Ended {
            return Some(Waited::Ended);
        }
        self.check_promise(page)
    }

    fn check_promise(&mut self, page: &ByteReader) -> Option<Waited> {
        let (freshness, promise) = page.promise()?;
        match freshness {
            Freshness::Fresh(left) => {
                self.until = Instant::now().checked_add(left.saturating_add(PAST));
                self.reported.stale = None;
                None
            }
            Freshness::Stale(_) => {
                let is_new = self.reported.stale.replace(promise) != Some(promise);
                is_new.then_some(Waited::Stale)
            }
            Freshness::Unpromised | Freshness::Unknown => None,
        }
    }

    /// Sleeps from the state of the last check on.
    pub(crate) fn sleep<'a>(&self, page: &'a ByteReader) -> Sleep<'a> {
        page.sleep(self.reported.generation, self.words).until(self.until)
    }
}

/// A value is stale when its time is past, not when it is there.
const PAST: Duration = Duration::from_nanos(1);

/// Waits for what happens next to one page.
#[derive(Debug)]
pub struct Watch<'a> {
    page: &'a ByteReader,
    seen: Seen,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(page: &'a ByteReader, reported: Reported) -> Self {
        Watch { page, seen: Seen::new(reported) }
    }

    /// Returns what this has reported, to go on later: see [`ByteReader::watch_from`].
    #[must_use]
    pub fn reported(&self) -> Reported {
        self.seen.reported
    }

    /// Waits until something happens to the page that this has not reported yet, and returns what. A timeout of `None`
    /// waits without limit, and a timeout of zero only looks.
    ///
    /// If several things have happened, each call returns one. [`Waited::Changed`] stands for any number of
    /// publications. [`Waited::Superseded`] is the last event: from then on each call returns it.
    ///
    /// The thread sleeps, as in [`Reader::wait_changed`](crate::Reader::wait_changed), and wakes up when the promise of the
    /// value ends. Without a promise ([`Options::lifetime`](crate::Options::lifetime)) a wait cannot notice that a writer
    /// was killed.
    pub fn wait(&mut self, timeout: Option<Duration>) -> Waited {
        waiting::wait(self, timeout)
    }
}

impl Sealed for Watch<'_> {
    fn check(&mut self) -> Option<Waited> {
        self.seen.check(self.page)
    }

    fn sleep(&self) -> Sleep<'_> {
        self.seen.sleep(self.page)
    }
}

impl Wait for Watch<'_> {}
