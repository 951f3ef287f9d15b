// SPDX-License-Identifier: MIT OR Apache-2.0
//! Follows a page for `watch` and `tail`: each change that is seen, also of the pages that replace it.

use core::num::NonZeroU64;
use core::time::Duration;
use std::path::Path;
use std::thread;
use std::time::Instant;

use tearfree_page::{ByteFollower, ByteReader, Error, Owner, Reading, Waited, WriterState};

use crate::outcome::{Outcome, Problem};
use crate::stop::{POLL_INTERVAL, Stop, sleep_until};
use crate::terminal::{self, OutputState};

/// How often a page that does not change is looked up again: its directory may have been removed by hand.
pub(super) const LOOK_UP: Duration = Duration::from_secs(1);

/// Which changes are shown, and when it ends.
pub(super) struct FollowOptions<'a> {
    pub(super) page: &'a Path,
    pub(super) owner: Owner,
    /// End after so many changes.
    pub(super) count: Option<NonZeroU64>,
    /// The least time between two changes that are shown. What is published in between is passed over, the last
    /// value never.
    pub(super) pace: Duration,
    /// Also show an unchanged value after this time.
    pub(super) redraw: Option<Duration>,
    /// Do not show the value that is there at the start.
    pub(super) skip_first: bool,
    /// End when the writer has ended or the page was removed.
    pub(super) until_ended: bool,
}

/// A value to be shown.
pub(super) struct Seen {
    pub(super) reading: Reading<Vec<u8>>,
    /// Whether it was not shown before.
    pub(super) is_new: bool,
}

/// Calls `show` with each change, until it says that the output is closed.
pub(super) fn follow(
    options: &FollowOptions<'_>,
    stop: &Stop,
    mut show: impl FnMut(&ByteReader, Seen) -> Result<OutputState, Problem>,
) -> Result<Outcome, Problem> {
    let mut page = FollowedPage::open(options)?;
    let mut changes_left = options.count.map(u64::from);
    let mut is_ending = false;
    while stop.signal().is_none() && !terminal::is_output_closed() {
        let end = page.end(options);
        if let Some(seen) = page.read(options.redraw.is_some())? {
            let is_new = seen.is_new;
            let Some(reader) = page.follower.reader() else { break };
            if show(reader, seen)? == OutputState::Closed {
                return Ok(Outcome::Success);
            }
            changes_left = changes_left.map(|left| left - u64::from(is_new));
            if changes_left == Some(0) {
                break;
            }
            if is_new {
                sleep_until(Instant::now() + options.pace, || stop.signal().is_some());
            }
        }
        // At an end once more: the last value may be seen later than that it was the last.
        match end {
            None => page.wait(options.redraw, stop),
            Some(_) if !is_ending => thread::sleep(POLL_INTERVAL),
            Some(End::Replaced) if page.go_on(options, stop)? => {}
            Some(_) => break,
        }
        is_ending = end.is_some() && !is_ending;
    }
    Ok(Outcome::new(0, stop.signal()))
}

/// Why a page does not change any more.
#[derive(Clone, Copy)]
enum End {
    /// Its writer has ended, and that ends it all.
    Writer,
    /// Another page has its name, or none.
    Replaced,
}

/// The page of the name. The follower goes on to the next page when it looks at the path, which it is made to do only
/// after the last value of the page before was read.
struct FollowedPage {
    follower: ByteFollower,
    /// The incarnation and generation of the value that was read last.
    seen: Option<(u64, u64)>,
    /// When the path was looked at, and whether the writer was killed by then.
    looked_up: Instant,
    is_killed: bool,
}

impl FollowedPage {
    fn open(options: &FollowOptions<'_>) -> Result<Self, Problem> {
        let mut follower = ByteFollower::open_owned_by(options.page, options.owner)?;
        // The first page must be there.
        let generation = follower.read()?.generation;
        let incarnation = follower.reader().map(|reader| reader.geometry().incarnation);
        let first = incarnation.map(|incarnation| (incarnation, generation));
        let seen = first.filter(|_| options.skip_first);
        Ok(FollowedPage { follower, seen, looked_up: Instant::now(), is_killed: false })
    }

    fn end(&mut self, options: &FollowOptions<'_>) -> Option<End> {
        let state = self.follower.reader().map(ByteReader::writer_state);
        if state == Some(WriterState::Superseded) {
            return Some(End::Replaced);
        }
        if self.looked_up.elapsed() >= LOOK_UP {
            self.looked_up = Instant::now();
            self.follower.wait(Some(Duration::ZERO));
            let writer = self.follower.reader().and_then(ByteReader::writer);
            self.is_killed = writer.is_some_and(|writer| writer.is_running() == Some(false));
        }
        if self.follower.problem().is_some() {
            return Some(End::Replaced);
        }
        let has_ended = state == Some(WriterState::Ended) || self.is_killed;
        (options.until_ended && has_ended).then_some(End::Writer)
    }

    /// Reads the value if it is new, or `always`.
    fn read(&mut self, always: bool) -> Result<Option<Seen>, Problem> {
        let Some(reader) = self.follower.reader() else { return Ok(None) };
        let incarnation = reader.geometry().incarnation;
        if !always && self.seen == Some((incarnation, reader.generation())) {
            return Ok(None);
        }
        let reading = reader.read()?;
        let number = Some((incarnation, reading.generation));
        let is_new = self.seen < number;
        self.seen = number;
        Ok((is_new || always).then_some(Seen { reading, is_new }))
    }

    /// Waits for a change, a signal, a closed output, or the time to redraw or to look at the path.
    fn wait(&mut self, redraw: Option<Duration>, stop: &Stop) {
        let Some(reader) = self.follower.reader() else { return };
        let (_, generation) = self.seen.unwrap_or_default();
        let mut waited = Duration::ZERO;
        while reader.wait_changed(generation, Some(POLL_INTERVAL)) == Waited::TimedOut
            && stop.signal().is_none()
            && !terminal::is_output_closed()
            && waited < redraw.unwrap_or(LOOK_UP)
        {
            waited += POLL_INTERVAL;
        }
    }

    /// Goes on to the page that replaced this one; waits until it exists. Returns false after a signal, and if the page
    /// was removed and that is the end.
    fn go_on(&mut self, options: &FollowOptions<'_>, stop: &Stop) -> Result<bool, Problem> {
        let mut is_reported = false;
        while stop.signal().is_none() && !terminal::is_output_closed() {
            self.follower.wait(Some(POLL_INTERVAL));
            match self.follower.problem() {
                None => return Ok(true),
                Some(Error::Missing(_)) if options.until_ended => return Ok(false),
                Some(Error::Missing(_)) => {}
                Some(error) => return Err(Problem::from_library(error.what(), error.advice())),
            }
            if !is_reported {
                is_reported = true;
                let page = options.page.display();
                terminal::print_note(&format!(
                    "tearfree: the page {page} was removed; waiting until it is created again"
                ));
            }
        }
        Ok(false)
    }
}

/// Whether the page of this name is the one with this ID, as far as it can be opened.
pub(super) fn is_still(page: &Path, owner: Owner, id: u64) -> bool {
    match ByteReader::open_owned_by(page, owner) {
        Ok(found) => found.geometry().page_id == id,
        Err(error) => !matches!(error, Error::Missing(_)),
    }
}
