// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sleeping until one of several words is changed, in the pages of other processes.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use core::time::Duration;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use rustix::io::Errno;
use rustix::thread::futex;
use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::mapping::Mapping;
use crate::polling;

/// How often a waiter looks at the words that the system cannot wait for: without `futex_waitv` it waits for one only.
const ONE_WORD_INTERVAL: Duration = Duration::from_millis(100);
/// The same for several pages.
const ONE_PAGE_INTERVAL: Duration = Duration::from_millis(10);
/// The most words of one `futex_waitv`.
const MAX_WORDS: usize = 128;

/// A word, and the value at which to sleep.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word<'a> {
    pub(crate) word: &'a AtomicU32,
    pub(crate) value: u32,
}

/// What the waiter of one page sleeps on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sleep<'a> {
    /// The memory of the page, and the values of the count and the state at which to sleep. `None`: there is no page.
    pub(crate) page: Option<(&'a Arc<Mapping>, [u32; 2])>,
    /// If the writer wakes no reader, so that the waiter looks from time to time: since when it has waited.
    pub(crate) polled_since: Option<Instant>,
    /// When to wake up at the latest.
    pub(crate) until: Option<Instant>,
}

impl<'a> Sleep<'a> {
    pub(crate) fn new(
        mapping: &'a Arc<Mapping>,
        values: [u32; 2],
        polled_since: Option<Instant>,
    ) -> Self {
        Sleep { page: Some((mapping, values)), polled_since, until: None }
    }

    /// Also wakes up at `deadline`.
    pub(crate) fn until(self, deadline: Option<Instant>) -> Self {
        Sleep { until: earliest(self.until, deadline), ..self }
    }

    /// Returns the words whose change wakes the waiter.
    pub(crate) fn words(&self) -> Option<[Word<'a>; 2]> {
        let (mapping, [count, state]) = self.page.filter(|_| self.polled_since.is_none())?;
        let [count_word, state_word] = mapping.wait_words();
        let count = Word { word: count_word, value: count };
        Some([count, Word { word: state_word, value: state }])
    }

    /// Returns when to wake up at the latest: for a poll, soon.
    pub(crate) fn wake_up(&self) -> Option<Instant> {
        let poll = self.polled_since.map(|since| {
            let now = Instant::now();
            now + polling::interval(now.saturating_duration_since(since))
        });
        earliest(self.until, poll)
    }

    /// Sleeps. May wake up early.
    pub(crate) fn run(self) {
        match self.words() {
            Some(words) => while_equal(&words, self.wake_up()),
            None => until_time(self.wake_up()),
        }
    }
}

/// Sleeps until one of `sleeps` is over or `until` is past, and while `beside` has its value. May wake up early.
pub(crate) fn run_all<'a>(
    sleeps: impl ExactSizeIterator<Item = Sleep<'a>>,
    beside: Option<Word<'a>>,
    mut until: Option<Instant>,
) {
    let mut words = Vec::with_capacity(1 + 2 * sleeps.len());
    words.extend(beside);
    for sleep in sleeps {
        until = earliest(until, sleep.wake_up());
        words.extend(sleep.words().iter().flatten());
    }
    while_equal(&words, until);
}

fn earliest(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Returns the time from now to `until`.
fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}

fn until_time(until: Option<Instant>) {
    match until {
        Some(until) => thread::sleep(left(until)),
        // There is nothing to wait for: the caller looks again.
        None => thread::sleep(ONE_WORD_INTERVAL),
    }
}

/// Sleeps while all words have their values, until `until`. May wake up early.
fn while_equal(words: &[Word<'_>], until: Option<Instant>) {
    if words.is_empty() {
        return until_time(until);
    }
    if words.len() <= MAX_WORDS {
        return while_these_equal(words, until);
    }
    if is_waitv_missing() || !in_threads(words, until) {
        on_first(words, until);
    }
}

/// Sleeps on as many words as one call can.
fn while_these_equal(words: &[Word<'_>], until: Option<Instant>) {
    let mut waits = [const { futex::Wait::new() }; MAX_WORDS];
    for (wait, word) in waits.iter_mut().zip(words) {
        wait.val = word.value.into();
        wait.uaddr = futex::WaitPtr::new(word.word.as_ptr().cast());
        wait.flags = futex::WaitFlags::SIZE_U32;
    }
    match waitv(&waits[..words.len()], until.map(monotonic_time).as_ref()) {
        Ok(_) | Err(Errno::AGAIN | Errno::INTR | Errno::TIMEDOUT) => {}
        // Before Linux 5.16, or refused by a filter of system calls.
        Err(_) => on_first(words, until),
    }
}

fn waitv(waits: &[futex::Wait], until: Option<&Timespec>) -> Result<usize, Errno> {
    futex::waitv(waits, futex::WaitvFlags::empty(), until, ClockId::Monotonic)
}

fn is_waitv_missing() -> bool {
    // A call without words is invalid; what matters is who says so.
    waitv(&[], None) != Err(Errno::INVAL)
}

/// Converts a time for the system.
fn monotonic_time(until: Instant) -> Timespec {
    let left = Timespec::try_from(left(until)).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 });
    let now = clock_gettime(ClockId::Monotonic);
    now.checked_add(left).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 })
}

/// Sleeps on the first word alone, and so for a short time.
fn on_first(words: &[Word<'_>], until: Option<Instant>) {
    let is_changed = |word: &Word<'_>| {
        // ORDERING: Relaxed: a hint not to sleep; the caller loads the words again.
        word.word.load(Relaxed) != word.value
    };
    if words.iter().any(is_changed) {
        return;
    }
    let interval = if words.len() > 2 { ONE_PAGE_INTERVAL } else { ONE_WORD_INTERVAL };
    let time = until.map_or(interval, |until| left(until).min(interval));
    let time = Timespec { tv_sec: 0, tv_nsec: time.subsec_nanos().into() };
    let Word { word, value } = words[0];
    // The caller loads the words again, whatever the result.
    let _ = futex::wait(word, futex::Flags::empty(), value, Some(&time));
}

/// Sleeps on any number of words, in several threads, of which the first that wakes up wakes the others. Returns false
/// without having slept if a thread could not be started.
fn in_threads(words: &[Word<'_>], until: Option<Instant>) -> bool {
    let stop = AtomicU32::new(0);
    let sleep = |words: &[Word<'_>]| {
        let mut all = Vec::with_capacity(MAX_WORDS);
        all.extend_from_slice(words);
        all.push(Word { word: &stop, value: 0 });
        while_these_equal(&all, until);
        wake_to_stop(&stop);
    };
    let mut parts = words.chunks(MAX_WORDS - 1);
    let own = parts.next().unwrap_or_default();
    thread::scope(|scope| {
        for part in parts {
            let thread = thread::Builder::new().name("tearfree-wait".to_owned());
            if thread.spawn_scoped(scope, || sleep(part)).is_err() {
                wake_to_stop(&stop);
                return false;
            }
        }
        sleep(own);
        true
    })
}

fn wake_to_stop(stop: &AtomicU32) {
    // ORDERING: Relaxed: the threads only stop sleeping; the scope joins them.
    stop.store(1, Relaxed);
    // Cannot fail: the address is valid.
    let _ = futex::wake(stop, futex::Flags::empty(), i32::MAX.unsigned_abs());
}
