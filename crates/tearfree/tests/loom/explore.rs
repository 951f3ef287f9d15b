// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs a model through loom, and collects what was seen.
//!
//! Loom 0.7.2 leaves executions out, in silence, where a thread loads an atomic and later stores to it
//! (loom issues 166 and 392), and where a thread yields. So it is not enough that no assertion fires:
//! each execution tells what it saw, and the set of all that was seen has to be the expected one.

use core::any::Any;
use core::fmt;
use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use core::time::Duration;
use std::collections::BTreeSet;
use std::panic;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use tearfree::model::mutant;

/// A small program, which loom runs in every way that it can go.
pub(crate) struct Model {
    pub(crate) name: &'static str,
    /// One execution: tells what it saw, and panics if a promise was broken.
    pub(crate) body: fn() -> String,
    /// How often threads may lose their processor against their will; `None`: any number of times.
    pub(crate) preemptions: Option<usize>,
    /// What all executions together see.
    pub(crate) outcomes: &'static [&'static str],
}

/// What came out of all executions of a model.
struct Explored {
    executions: usize,
    seen: BTreeSet<String>,
    /// Why the last execution failed, if one did.
    failure: Option<String>,
    took: Duration,
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:7} executions {:6} ms", self.executions, self.took.as_millis())?;
        match &self.failure {
            Some(failure) => write!(f, "  failed: {}", failure.replace('\n', " ")),
            None => write!(f, "  saw {}", Vec::from_iter(self.seen.clone()).join(" | ")),
        }
    }
}

/// Demands that `model` holds, and that it sees what it should.
pub(crate) fn holds(model: &Model) {
    let explored = explore(model, None);
    let name = model.name;
    println!("{name:36} {explored}");
    assert!(explored.failure.is_none(), "{name}: {explored}");
    let expected = model.outcomes.iter().map(ToString::to_string).collect();
    assert_eq!(explored.seen, expected, "{name}: seen on the left, expected on the right");
}

/// Demands that `model` fails with this complaint.
pub(crate) fn fails(model: &Model, mutant: Option<&'static str>, complaint: &str) {
    let explored = explore(model, mutant);
    println!("{:18} {:36} {explored}", mutant.unwrap_or("as it is"), model.name);
    let failure = explored.failure.unwrap_or_else(|| "it holds".to_owned());
    let caught = failure.contains(complaint);
    assert!(caught, "{}, {mutant:?}: no {complaint:?}, but: {failure}", model.name);
}

/// Runs `model` with one ordering weakened, or with all in place for `None`.
fn explore(model: &Model, mutant: Option<&'static str>) -> Explored {
    let executions = Arc::new(AtomicUsize::new(0));
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let execution = {
        let (executions, seen, body) = (Arc::clone(&executions), Arc::clone(&seen), model.body);
        move || {
            executions.fetch_add(1, Relaxed);
            let outcome = body();
            seen.lock().unwrap_or_else(PoisonError::into_inner).insert(outcome);
        }
    };
    let mut loom = loom::model::Builder::new();
    loom.preemption_bound = model.preemptions;
    loom.max_branches = 10_000;

    // `with` lets one model run at a time, so no other one sees this mutant.
    let (failure, took) = mutant::with(mutant, || {
        let start = Instant::now();
        let failure = silently(|| loom.check(execution)).err();
        (failure, start.elapsed())
    });
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Explored { executions: executions.load(Relaxed), seen, failure, took }
}

/// Runs `body`; if it panics, nothing is printed, and the message comes back.
///
/// Loom's threads have small stacks, on which a backtrace does not fit, so this is not for mutants
/// only. Other tests, which may fail at the same time, keep their voice.
fn silently(body: impl FnOnce()) -> Result<(), String> {
    let (this, usual) = (thread::current().id(), Arc::new(panic::take_hook()));
    let for_others = Arc::clone(&usual);
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() != this {
            for_others(info);
        }
    }));
    let result = panic::catch_unwind(AssertUnwindSafe(body));
    drop(panic::take_hook());
    panic::set_hook(Arc::into_inner(usual).expect("our hook, which shared it, is gone"));
    result.map_err(|panic| message(&*panic))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
}

/// The generation that all words of a payload are of.
pub(crate) fn generation<const WORDS: usize>(payload: [usize; WORDS]) -> usize {
    let first = payload[0];
    assert!(payload.iter().all(|&word| word == first), "torn read: {payload:?}");
    first
}

/// The generation that was read, if one was.
pub(crate) fn generation_or_none<const WORDS: usize>(payload: Option<[usize; WORDS]>) -> String {
    payload.map_or_else(|| "none".to_owned(), |payload| generation(payload).to_string())
}
