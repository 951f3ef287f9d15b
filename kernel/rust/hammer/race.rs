// SPDX-License-Identifier: GPL-2.0
//! One case: its threads, its interruption, how long it goes on, and what it has to show.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::NonNull;

use crate::interruption::{Interruption, Kind};
use crate::locks::Subject;
use crate::report::Report;
use crate::tally::Tally;
use crate::words::pause;

/// The most threads of a case.
const THREADS: usize = 4;
/// How often a case goes on because not enough has happened yet.
const ROUNDS: u32 = 200;

/// A `struct task_struct`.
#[repr(C)]
struct Task {
    opaque: [u8; 0],
}

unsafe extern "C" {
    fn tf_start_on(
        run: extern "C" fn(arg: *mut c_void) -> c_int,
        arg: *const c_void,
        cpu: u32,
    ) -> Option<NonNull<Task>>;
    fn tf_stop(thread: NonNull<Task>);
    safe fn tf_should_stop() -> c_int;
    fn hammer_is_wanted(name: *const c_char) -> c_int;
    fn hammer_begins(name: *const c_char);
    safe fn hammer_waits();
    safe fn hammer_lets_others_run();
}

/// What a thread or an interruption does over and over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Write,
    Read,
}

impl Deed {
    #[inline]
    pub(crate) fn done_to<S: Subject>(self, subject: &S, tally: &Tally) {
        match self {
            Deed::Write => {
                subject.write(tally.turns());
                tally.wrote();
            }
            Deed::Read => tally.saw(subject.read(tally.turns())),
        }
    }
}

/// What must have happened, and how often, before a case may end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Readers met writers.
    Met(u64),
    /// The interruption came.
    Interrupted(u64),
    /// The interruption met the writer that it had interrupted, and got its value all the same.
    MetInside(u64),
    /// A control: reads were torn.
    Torn(u64),
    /// A control: the interruption got nothing.
    Stuck(u64),
}

/// A case: who does what where, and what proves that it took place.
pub(crate) struct Case {
    pub(crate) name: &'static CStr,
    pub(crate) threads: &'static [(Deed, u32)],
    /// Comes on the processor of the first thread.
    pub(crate) interruption: Option<(Kind, Deed)>,
    pub(crate) proof: Proof,
}

impl Case {
    /// Runs the case on a new `subject`, if it was asked for, and reports.
    pub(crate) fn run<S: Subject>(&self, subject: &S) {
        // SAFETY: the name ends with a zero.
        if unsafe { hammer_is_wanted(self.name.as_ptr()) } == 0 {
            return;
        }
        // SAFETY: the name is a `CStr`, so it ends with a zero.
        unsafe { hammer_begins(self.name.as_ptr()) };
        let interruption = self.interruption.map(|(kind, deed)| Interruption {
            kind,
            deed,
            subject,
            tally: Tally::new(),
        });
        let mut workers = [const { None }; THREADS];
        let mut interrupted = interruption.as_ref();
        for (place, &(deed, cpu)) in workers.iter_mut().zip(self.threads) {
            let interruption = interrupted.take();
            *place = Some(Worker { deed, cpu, subject, interruption, tally: Tally::new() });
        }
        let all_started = self.let_them_race(&workers);
        let mut report = Report::of(self.name, &workers);
        report.conclude(self.proof, subject, all_started);
    }

    /// Starts the threads, waits until enough has happened, stops them.
    fn let_them_race<S: Subject>(&self, workers: &Workers<'_, S>) -> bool {
        let mut threads = [None; THREADS];
        let mut all_started = true;
        for (thread, worker) in threads.iter_mut().zip(workers.iter().flatten()) {
            *thread = worker.start();
            all_started &= thread.is_some();
        }
        for _ in 0..ROUNDS {
            hammer_waits();
            let until_now = Report::of(self.name, workers);
            if !all_started || until_now.proves(self.proof) || until_now.is_faulty(self.proof) {
                break;
            }
        }
        for thread in threads.into_iter().flatten() {
            // SAFETY: it was started above, and ends only now.
            unsafe { tf_stop(thread) };
        }
        all_started
    }
}

/// The threads of a case.
pub(crate) type Workers<'a, S> = [Option<Worker<'a, S>>; THREADS];

/// A thread and what it works on.
pub(crate) struct Worker<'a, S> {
    deed: Deed,
    cpu: u32,
    subject: &'a S,
    pub(crate) interruption: Option<&'a Interruption<'a, S>>,
    pub(crate) tally: Tally,
}

impl<S: Subject> Worker<'_, S> {
    /// Starts the thread. Whoever calls keeps `self` until it has been stopped.
    fn start(&self) -> Option<NonNull<Task>> {
        // SAFETY: `let_them_race` stops the thread before `self` is gone.
        unsafe { tf_start_on(run::<S>, core::ptr::from_ref(self).cast(), self.cpu) }
    }

    fn work(&self) {
        let mut gaps = Gaps(self.cpu);
        while tf_should_stop() == 0 {
            self.deed.done_to(self.subject, &self.tally);
            if self.tally.turns().is_multiple_of(64) {
                hammer_lets_others_run();
            }
            if S::WORD_BY_WORD {
                gaps.next();
            }
        }
    }
}

extern "C" fn run<S: Subject>(arg: *mut c_void) -> c_int {
    // SAFETY: the promise of `Worker::start`; it is only ever shared.
    let worker = unsafe { &*arg.cast::<Worker<'_, S>>() };
    match worker.interruption {
        Some(interruption) => interruption.comes_during(|| worker.work()),
        None => worker.work(),
    }
    0
}

/// Pauses between the turns of those that pause within, of uneven length: without them writers would
/// leave no room for a read, and readers would run in step with them.
struct Gaps(u32);

impl Gaps {
    #[inline]
    fn next(&mut self) {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        for _ in 0..self.0 >> 26 {
            pause();
        }
    }
}
