// SPDX-License-Identifier: MIT OR Apache-2.0
//! Threads that make random calls, and record each with its times and its result.

use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::panic::catch_unwind;
use std::thread;

use crate::search;
use crate::specification::{Step, Token};
use crate::support::payload::SelfChecking;
use crate::support::{Watchdog, threads_meet, times};
use crate::timeline;

pub(crate) const THREADS: usize = 3;
/// Calls of one thread in one history, about.
const CALLS: usize = if cfg!(miri) { 12 } else { 60 };
/// Histories of one test.
pub(crate) const ROUNDS: u64 = 200;
/// The value before the first write.
pub(crate) const FIRST: u64 = 0;

/// One call of one thread.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    /// Times are those of one clock, and all different.
    pub(crate) begun: u64,
    pub(crate) ended: u64,
    pub(crate) steps: Vec<Step>,
}

/// The calls of each thread, in the order in which it made them.
pub(crate) struct History {
    pub(crate) threads: Vec<Vec<Call>>,
    /// The version before the first write.
    pub(crate) first: Token,
}

/// Something whose calls are recorded.
pub(crate) trait Subject: Sync {
    /// Whether it has calls that give up when another thread is in their way.
    const ATTEMPTS_FAIL: bool = true;

    /// A new one, whose value is [`FIRST`].
    fn new() -> Self;

    fn version(&self) -> Token;

    /// Makes one call that is chosen at random, or a few that belong together.
    fn act(&self, thread: &mut Recorder<'_>);
}

/// One thread's record.
pub(crate) struct Recorder<'a> {
    pub(crate) thread: usize,
    clock: &'a AtomicU64,
    calls: Vec<Call>,
    random: u64,
    written: u64,
    /// The version that this thread saw last.
    pub(crate) seen: Token,
}

impl Recorder<'_> {
    /// Makes a call, whose `steps` follow from its result.
    pub(crate) fn call<R>(
        &mut self,
        name: &'static str,
        body: impl FnOnce() -> R,
        steps: impl FnOnce(&R) -> Vec<Step>,
    ) -> R {
        // The one total order of these makes "ended before" a happens-before.
        let begun = self.clock.fetch_add(1, SeqCst);
        let result = body();
        let ended = self.clock.fetch_add(1, SeqCst);
        self.calls.push(Call { name, begun, ended, steps: steps(&result) });
        result
    }

    /// Any number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((mixed ^ (mixed >> 27)) >> 11) % end
    }

    /// Returns a value that was not written before.
    pub(crate) fn fresh(&mut self) -> u64 {
        self.written += 1;
        self.written * THREADS as u64 + self.thread as u64
    }

    /// A pause of random length, to be made in the middle of something.
    pub(crate) fn pause(&mut self) -> impl FnOnce() + use<> {
        let (pauses, yields) = (self.below(100), self.below(8) == 0);
        move || {
            (0..pauses).for_each(|_| core::hint::spin_loop());
            if yields {
                thread::yield_now();
            }
        }
    }
}

/// The result of a read, as a step.
pub(crate) fn see<T: SelfChecking>(value: &T) -> Step {
    number(value).map_or(Step::Torn, Step::See)
}

pub(crate) fn see_versioned<T: SelfChecking>(value: &T, version: Token) -> Step {
    number(value).map_or(Step::Torn, |number| Step::SeeVersioned(number, version))
}

fn number<T: SelfChecking>(value: &T) -> Option<u64> {
    catch_unwind(AssertUnwindSafe(|| value.generation())).ok()
}

/// Runs all threads once.
pub(crate) fn record<S: Subject>(round: u64) -> History {
    let (subject, clock, ready) = (S::new(), AtomicU64::new(0), AtomicUsize::new(0));
    let first = subject.version();
    let run = |thread| {
        let random = (round * THREADS as u64 + thread as u64) << 20;
        let (calls, seen) = (Vec::with_capacity(2 * CALLS), first);
        let mut recorder = Recorder { thread, clock: &clock, calls, random, written: 0, seen };
        ready.fetch_add(1, SeqCst);
        while ready.load(SeqCst) < THREADS {
            thread::yield_now();
        }
        while recorder.calls.len() < CALLS {
            subject.act(&mut recorder);
        }
        recorder.calls
    };
    let threads = thread::scope(|s| {
        let running: Vec<_> = (0..THREADS).map(|thread| s.spawn(move || run(thread))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    History { threads, first }
}

/// Records histories, and requires that each fits the specification, until `rounds` are over and
/// threads have met.
pub(crate) fn fit<S: Subject>(test: &'static str, rounds: u64) {
    let _watchdog = Watchdog::over(test);
    let (mut round, mut met) = (0, false);
    while round < times(rounds, 2) || (threads_meet() && !met) {
        let history = record::<S>(round);
        if let Err(stuck) = search::order(&history) {
            panic!("history {round} fits no order:\n{}", timeline::render(&history, &stuck));
        }
        met |= if S::ATTEMPTS_FAIL { history.has_failed_attempts() } else { history.overlaps() };
        round += 1;
    }
}

impl History {
    fn has_failed_attempts(&self) -> bool {
        let mut steps = self.threads.iter().flatten().flat_map(|call| &call.steps);
        steps.any(|step| matches!(step, Step::Disturbed | Step::Busy))
    }

    /// Whether a call began in the middle of another thread's.
    fn overlaps(&self) -> bool {
        let [first, others @ ..] = &self.threads[..] else { return false };
        let inside = |begun: u64, call: &Call| call.begun < begun && begun < call.ended;
        let meets = |call: &Call| others.iter().flatten().any(|other| inside(other.begun, call));
        first.iter().any(meets)
    }
}
