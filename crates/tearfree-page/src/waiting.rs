// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waiting for what happens next, to one page or to the first of many.

use core::time::Duration;
use std::time::Instant;

use crate::sleep::{self, Sleep};
use crate::waited::Waited;

/// A page that [`wait_any`] can wait for: a [`Watch`](crate::Watch), a [`Follower`](crate::Follower) or a
/// [`ByteFollower`](crate::ByteFollower).
pub trait Wait: Sealed {}

/// What a wait needs of a page.
pub trait Sealed {
    /// Returns what has happened and was not reported.
    fn check(&mut self) -> Option<Waited>;

    /// Returns what to sleep on after a check that found nothing.
    fn sleep(&self) -> Sleep<'_>;
}

/// Waits until something happens to one of the pages. Returns all that has happened, each event with the index of its
/// page; an empty list if the timeout expired first. A timeout of `None` waits without limit, and a timeout of zero
/// only looks.
///
/// The thread sleeps in one call for up to 64 pages; for each 63 more, the call starts a thread that sleeps beside it.
/// Pages of which nothing happens cost nothing, except that pages without [`Options::wakes`](crate::Options::wakes) are
/// polled: a thousand times a second at first, ten times a second after 0.8 s in which nothing happened. Followers look at
/// their paths from time to time.
/// Without the system call `futex_waitv` (Linux 5.16) the thread wakes up a hundred times a second.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use tearfree_page::{Options, Reader, Waited, Writer, wait_any};
/// # let folder = tempfile::tempdir()?;
/// # let (page_a, page_b) = (folder.path().join("a"), folder.path().join("b"));
/// let options = Options::new().wakes(true);
/// let _writer_a = Writer::<u64>::create(&page_a, 1, &options)?;
/// let mut writer_b = Writer::<u64>::create(&page_b, 1, &options)?;
/// let (a, b) = (Reader::<u64>::open(&page_a)?, Reader::<u64>::open(&page_b)?);
/// let mut watches = (a.watch(a.generation()), b.watch(b.generation()));
///
/// writer_b.set(2)?;
/// let events = wait_any(&mut [&mut watches.0, &mut watches.1], Some(Duration::from_secs(1)));
/// assert_eq!(events, [(1, Waited::Changed)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn wait_any(pages: &mut [&mut dyn Wait], timeout: Option<Duration>) -> Vec<(usize, Waited)> {
    let deadline = deadline(timeout);
    loop {
        let events: Vec<_> = (0..).zip(pages.iter_mut()).filter_map(check).collect();
        if !events.is_empty() || is_past(deadline) {
            return events;
        }
        sleep::run_all(pages.iter().map(|page| page.sleep()), None, deadline);
    }
}

fn check((index, page): (usize, &mut &mut dyn Wait)) -> Option<(usize, Waited)> {
    page.check().map(|event| (index, event))
}

/// Waits for one page. Allocates nothing.
pub(crate) fn wait(page: &mut impl Sealed, timeout: Option<Duration>) -> Waited {
    let deadline = deadline(timeout);
    loop {
        if let Some(event) = page.check() {
            return event;
        }
        if is_past(deadline) {
            return Waited::TimedOut;
        }
        page.sleep().until(deadline).run();
    }
}

/// Returns when a wait ends. `None`: never.
pub(crate) fn deadline(timeout: Option<Duration>) -> Option<Instant> {
    timeout.and_then(|timeout| Instant::now().checked_add(timeout))
}

pub(crate) fn is_past(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| Instant::now() >= deadline)
}
