// SPDX-License-Identifier: GPL-2.0
//! `Case`: runs threads and an interruption on one subject until the goal is reached.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::NonNull;

use crate::action::{Action, Subject};
use crate::interruption::{Interruption, InterruptionKind};
use crate::report::{CaseReport, Goal};
use crate::tally::Tally;
use crate::words::pause;

/// The most threads of a case.
const MAX_THREADS: usize = 4;
/// The most rounds of a case; after each it ends if the goal is reached.
const MAX_ROUNDS: u32 = 200;

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
    fn hammer_print_start(name: *const c_char);
    safe fn hammer_wait();
    safe fn hammer_yield();
}

/// A case: its threads, each an action and a processor, its interruption, and its goal.
pub(crate) struct Case {
    pub(crate) name: &'static CStr,
    pub(crate) threads: &'static [(Action, u32)],
    /// Comes on the processor of the first thread.
    pub(crate) interruption: Option<(InterruptionKind, Action)>,
    pub(crate) goal: Goal,
}

impl Case {
    /// Runs the case on a new `subject`, if it was asked for, and prints its report.
    pub(crate) fn run<S: Subject>(&self, subject: &S) {
        // SAFETY: the name ends with a zero.
        if unsafe { hammer_is_wanted(self.name.as_ptr()) } == 0 {
            return;
        }
        // SAFETY: as above.
        unsafe { hammer_print_start(self.name.as_ptr()) };
        let interruption = self.interruption.map(|(kind, action)| Interruption {
            kind,
            action,
            subject,
            tally: Tally::new(),
        });
        let mut workers = [const { None }; MAX_THREADS];
        let mut interrupted = interruption.as_ref();
        for (worker, &(action, cpu)) in workers.iter_mut().zip(self.threads) {
            let interruption = interrupted.take();
            *worker = Some(Worker { action, cpu, subject, interruption, tally: Tally::new() });
        }
        let all_started = self.run_threads(&workers);
        self.report(&workers).conclude(self.goal, subject, all_started);
    }

    /// Starts the threads, waits until the goal is reached, and stops them.
    fn run_threads<S: Subject>(&self, workers: &Workers<'_, S>) -> bool {
        let mut threads = [None; MAX_THREADS];
        let mut all_started = true;
        for (thread, worker) in threads.iter_mut().zip(workers.iter().flatten()) {
            *thread = worker.start();
            all_started &= thread.is_some();
        }
        for _ in 0..MAX_ROUNDS {
            hammer_wait();
            let report = self.report(workers);
            if !all_started || report.has_reached(self.goal) || report.is_faulty(self.goal) {
                break;
            }
        }
        for thread in threads.into_iter().flatten() {
            // SAFETY: it was started above, and ends only now.
            unsafe { tf_stop(thread) };
        }
        all_started
    }

    /// Returns the sums until now.
    fn report<S>(&self, workers: &Workers<'_, S>) -> CaseReport {
        let mut report = CaseReport::new(self.name);
        for worker in workers.iter().flatten() {
            report.add_thread(&worker.tally);
            if let Some(interruption) = worker.interruption {
                report.add_interruption(&interruption.tally);
            }
        }
        report
    }
}

/// The threads of a case.
type Workers<'a, S> = [Option<Worker<'a, S>>; MAX_THREADS];

/// A thread and what it works on.
struct Worker<'a, S> {
    action: Action,
    cpu: u32,
    subject: &'a S,
    interruption: Option<&'a Interruption<'a, S>>,
    tally: Tally,
}

impl<S: Subject> Worker<'_, S> {
    /// Starts the thread. The caller keeps `self` until it has stopped the thread.
    fn start(&self) -> Option<NonNull<Task>> {
        // SAFETY: `run_threads` stops the thread before `self` is gone.
        unsafe { tf_start_on(run::<S>, core::ptr::from_ref(self).cast(), self.cpu) }
    }

    fn work(&self) {
        let mut pauses = RandomPauses(self.cpu);
        while tf_should_stop() == 0 {
            self.action.perform(self.subject, &self.tally);
            if self.tally.turns().is_multiple_of(64) {
                hammer_yield();
            }
            if S::WORD_BY_WORD {
                pauses.next();
            }
        }
    }
}

extern "C" fn run<S: Subject>(arg: *mut c_void) -> c_int {
    // SAFETY: the promise of `Worker::start`; it is only ever shared.
    let worker = unsafe { &*arg.cast::<Worker<'_, S>>() };
    match worker.interruption {
        Some(interruption) => interruption.run_during(|| worker.work()),
        None => worker.work(),
    }
    0
}

/// Pauses of random length between the turns of word-by-word subjects. Without them writers would
/// leave no room for a read, and readers would run in step with writers.
struct RandomPauses(u32);

impl RandomPauses {
    #[inline]
    fn next(&mut self) {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        for _ in 0..self.0 >> 26 {
            pause();
        }
    }
}
