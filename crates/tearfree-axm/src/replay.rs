// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs a thread's body with answers to its loads, and records what it does.
//!
//! A body runs from its beginning each time. Its first loads get the answers that are known; at the next
//! load the body is unwound, and the search has to find an answer. So bodies have to be deterministic,
//! and may share nothing but this crate's atomics and cells.

use core::cell::{Cell, RefCell};
use core::mem;
use core::ops::Range;
use core::panic::{AssertUnwindSafe, Location as Line};
use std::panic;
use std::sync::Once;
use std::thread;

use crate::block::Reader;
use crate::event::{Action, Location, Strength};
use crate::recorder::Replay;
use crate::run::{Allowed, Answer, End, Known, Request, Run, Segment, Variable, VariableKind};

/// The likely causes of a body that is not deterministic.
pub(crate) const ADVICE: &str = "with the same values loaded it did something else; it may depend on \
    time, on random numbers or on data outside of its state, or publish the address of a word that \
    it made (use `heap::alloc`)";

// Failures of a thread, whose number comes before the text.
const FREED: &str = "dropped a word that it did not make, or that it kept from another execution";

const SHARED: &str = "shares a word with a thread that it spawned, and one of them made it; put it \
    into the state of the program, or allocate it with `heap::alloc`";

/// The payload that ends a run by unwinding, without a panic.
enum Exit {
    Ask(Request),
    Choose,
    Join(usize, &'static Line<'static>),
    /// The nested run at the end of the path has ended.
    Nested,
    Cut(&'static Line<'static>),
    Spin(&'static Line<'static>),
}

thread_local! {
    static REPLAY: RefCell<Option<Replay>> = const { RefCell::new(None) };
    static IS_SILENT: Cell<bool> = const { Cell::new(false) };
    /// The line in which a body panicked.
    static PANICKED_AT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs `body`, the first thread of `path`, and returns the run of the last thread. Adds what is new to
/// `known`.
pub(crate) fn run(
    known: &mut Known,
    path: Vec<Segment>,
    allowed: Allowed,
    body: impl FnOnce() -> String,
) -> Run {
    silence_bodies();
    let is_nested = REPLAY.with_borrow(Option::is_some);
    assert!(!is_nested, "a program is explored inside of a thread of a program");
    let replay = Replay::new(mem::take(known), path, allowed);
    IS_SILENT.set(true);
    let (mut run, outcome, known_now) = recorded(replay, body);
    IS_SILENT.set(false);
    *known = known_now;
    if let (End::Done(done), Some(outcome)) = (&mut run.end, outcome) {
        *done = outcome;
    }
    run
}

/// Runs a thread or a part of it. Returns a result if this thread is the last of the path and has ended.
fn recorded<T>(replay: Replay, work: impl FnOnce() -> T) -> (Run, Option<T>, Known) {
    let outer = REPLAY.replace(Some(replay));
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    let replay = REPLAY.replace(outer).expect("only this function takes it away");
    let (mut replay, mut value) = (replay, None);
    let freed = replay.dropped.iter().any(|&at| at < replay.known);
    if let Some(mut run) = replay.inner.take() {
        if freed {
            run.end = End::Failed(SHARED.to_owned());
        }
        return (run, None, Known { variables: replay.variables, children: replay.children });
    }
    let numbers = replay.renumber_dropped();
    let end = match result {
        Ok(result) => {
            value = Some(result);
            End::Done(String::new())
        }
        Err(payload) => match payload.downcast::<Exit>() {
            Ok(leave) => match *leave {
                Exit::Ask(request) => {
                    End::NeedsValue(Request { at: numbers[request.at], ..request })
                }
                Exit::Choose => End::NeedsChoice,
                Exit::Join(thread, line) => End::NeedsJoin(thread, line),
                Exit::Cut(line) => End::Cut(line),
                Exit::Spin(line) => End::Spins(line),
                Exit::Nested => unreachable!("the nested run has been taken"),
            },
            Err(payload) => {
                End::Failed(format!("panicked{}: {}", PANICKED_AT.take(), message(&*payload)))
            }
        },
    };
    let end = if freed { End::Failed(FREED.to_owned()) } else { end };
    let events = replay.events.into_iter().map(|event| event.renumbered(&numbers)).collect();
    (Run { events, end }, value, Known { variables: replay.variables, children: replay.children })
}

/// Keeps panics of bodies off standard error: they are results. Other panics are printed as usual.
fn silence_bodies() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if IS_SILENT.get() {
                let at = info.location().map(|line| format!(" at {}:{}", line.file(), line.line()));
                PANICKED_AT.set(at.unwrap_or_default());
            } else {
                usual(info);
            }
        }));
    });
}

fn message(payload: &(dyn core::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
}

fn with<R>(act: impl FnOnce(&mut Replay) -> R) -> Option<R> {
    REPLAY.with_borrow_mut(|replay| replay.as_mut().map(act))
}

/// Ends the run by unwinding. Destructors of the body get the values that the thread last used.
fn exit(why: Exit) -> ! {
    panic::resume_unwind(Box::new(why))
}

/// Records that a word is dropped.
pub(crate) fn dropped(address: usize) {
    // A word in a thread-local may outlive `REPLAY`.
    let _ = REPLAY.try_with(|replay| {
        if let Some(replay) = replay.borrow_mut().as_mut() {
            let is_it = |&at: &Location| {
                let variable = &replay.variables[at];
                variable.address == address
                    && variable.made_by.is_none()
                    && !replay.dropped.contains(&at)
            };
            let gone: Vec<Location> = (0..replay.variables.len()).filter(is_it).collect();
            replay.dropped.extend(gone);
        }
    });
}

/// Returns the thread and the number of its earlier allocations. `None` if no body is running.
pub(crate) fn next_allocation() -> Option<(usize, usize)> {
    with(|replay| {
        replay.allocations += 1;
        (replay.thread, replay.allocations - 1)
    })
}

/// Records the first value of a block: `read` returns that of a word.
#[track_caller]
pub(crate) fn allocated(block: Range<usize>, read: impl Fn(Reader, usize) -> u64) {
    each_word(block, |at, variable| Action::Store {
        at,
        value: read(variable.reader, variable.address),
    });
}

/// Records that a block is freed.
#[track_caller]
pub(crate) fn freed(block: Range<usize>) {
    each_word(block, |at, _| Action::Free { at });
}

/// Records an action for each known word of a block.
#[track_caller]
fn each_word(block: Range<usize>, act: impl Fn(Location, &Variable) -> Action) {
    let line = Line::caller();
    with(|replay| {
        let is_word =
            |variable: &Variable| variable.kind == VariableKind::Word && variable.made_by.is_none();
        for at in 0..replay.variables.len() {
            let variable = replay.variables[at];
            if is_word(&variable) && block.contains(&variable.address) {
                replay.record(act(at, &variable), Strength::Plain, line);
            }
        }
    });
}

/// Records a load and returns its value. `None` if no body is running: the caller uses real memory.
#[track_caller]
pub(crate) fn load(variable: Variable, strength: Strength) -> Option<u64> {
    read(variable, Accepted::Any, |_| None, strength, strength)
}

/// Records a store. `None` if no body is running.
#[track_caller]
pub(crate) fn store(variable: Variable, value: u64, strength: Strength) -> Option<()> {
    let line = Line::caller();
    with(|replay| {
        let at = replay.location(variable);
        replay.record(Action::Store { at, value }, strength, line);
    })
}

/// Records a read-modify-write and returns the value read. `change` computes the value to write, if any.
/// `None` if no body is running.
#[track_caller]
pub(crate) fn update(
    variable: Variable,
    change: impl FnOnce(u64) -> Option<u64>,
    success: Strength,
    failure: Strength,
) -> Option<u64> {
    read(variable, Accepted::Any, change, success, failure)
}

/// Returns whether an operation fails or ends spuriously. Both are tried as often as `left` allows.
pub(crate) fn is_spurious(left: fn(&mut Allowed) -> &mut usize) -> bool {
    let choice = with(|replay| {
        if *left(&mut replay.left) == 0 || thread::panicking() {
            return Some(false);
        }
        let choice = replay.next_answer()?.value() == 1;
        *left(&mut replay.left) -= usize::from(choice);
        Some(choice)
    });
    choice.is_some_and(|choice| choice.unwrap_or_else(|| exit(Exit::Choose)))
}

/// Records an exchange that fails although it finds `value`. `None` if no body is running.
#[track_caller]
pub(crate) fn failed_exchange(variable: Variable, value: u64, failure: Strength) -> Option<u64> {
    read(variable, Accepted::Equal(value), |_| None, failure, failure)
}

/// Returns whether a body is running, and not unwinding.
pub(crate) fn is_running() -> bool {
    with(|_| ()).is_some() && !thread::panicking()
}

/// Sleeps until the word at `variable` is not `value`.
#[track_caller]
pub(crate) fn sleep(variable: Variable, value: u64) {
    with(|replay| replay.sleeps += 1);
    read(variable, Accepted::NotEqual(value), |_| None, Strength::Acquire, Strength::Acquire);
}

/// Returns how often this thread has slept in this execution.
pub(crate) fn sleeps() -> usize {
    with(|replay| replay.sleeps).unwrap_or(0)
}

/// Returns how often this thread has paused in this execution.
pub(crate) fn pauses() -> usize {
    with(|replay| replay.allowed.pauses - replay.left.pauses).unwrap_or(0)
}

/// The values that a read can return.
#[derive(Clone, Copy)]
enum Accepted {
    Any,
    Equal(u64),
    /// The thread sleeps until then.
    NotEqual(u64),
}

#[track_caller]
fn read(
    variable: Variable,
    accepted: Accepted,
    change: impl FnOnce(u64) -> Option<u64>,
    success: Strength,
    failure: Strength,
) -> Option<u64> {
    let line = Line::caller();
    let answered = with(|replay| {
        let at = replay.location(variable);
        let (only, sleeps_at) = match accepted {
            Accepted::Any => (None, None),
            Accepted::Equal(value) => (Some(value), None),
            Accepted::NotEqual(value) => (None, Some(value)),
        };
        let read = replay.answer(Request { at, sleeps_at, only, line })?;
        match change(read) {
            Some(written) => replay.record(Action::Update { at, read, written }, success, line),
            None => replay.record(Action::Load { at, value: read }, failure, line),
        }
        Ok((read, replay.is_spinning()))
    })?;
    match answered {
        Ok((_, true)) => exit(Exit::Spin(line)),
        Ok((read, false)) => Some(read),
        Err(request) => exit(Exit::Ask(request)),
    }
}

#[track_caller]
pub(crate) fn fence(strength: Strength) -> Option<()> {
    let line = Line::caller();
    with(|replay| replay.record(Action::Fence, strength, line))
}

/// Ends the run after as many pauses as the program allows: that the thread finds what it waits for later
/// is another execution.
#[track_caller]
pub(crate) fn pause() {
    let line = Line::caller();
    let is_left = with(|replay| {
        let is_left = replay.left.pauses > 0;
        replay.left.pauses = replay.left.pauses.saturating_sub(1);
        replay.paused_at = replay.events.len();
        is_left
    });
    if is_left == Some(false) && !thread::panicking() {
        exit(Exit::Cut(line));
    }
}

/// Records the spawn of a thread that does `work`, and returns its number. Does not return if the path
/// continues in that thread.
#[track_caller]
pub(crate) fn spawn<T>(work: impl FnOnce() -> T) -> usize {
    let line = Line::caller();
    let spawned = with(|replay| {
        let thread = replay.children.number(replay.thread, replay.spawned)?;
        replay.spawned += 1;
        replay.record(Action::Spawn { thread }, Strength::Relaxed, line);
        let is_on_path =
            replay.rest_of_path.first().is_some_and(|segment| segment.thread == thread);
        let inner = is_on_path.then(|| {
            let path = mem::take(&mut replay.rest_of_path);
            Replay::new(replay.take_known().0, path, replay.allowed)
        });
        Ok::<_, String>((thread, inner))
    });
    let spawned = spawned.expect("only a thread of a program can spawn a thread");
    let (thread, inner): (_, Option<Replay>) = match spawned {
        Ok(spawned) => spawned,
        Err(refusal) => panic!("{refusal}"),
    };
    let Some(inner) = inner else { return thread };
    let (run, _result, known) = recorded(inner, work);
    with(|replay| {
        replay.known = known.variables.len();
        (replay.variables, replay.children) = (known.variables, known.children);
        replay.dropped.clear();
        replay.inner = Some(run);
    });
    exit(Exit::Nested)
}

/// Records a join, and runs the work of `thread` again for its result. `None` while a run unwinds.
#[track_caller]
pub(crate) fn join<T>(thread: usize, work: impl FnOnce() -> T) -> Option<T> {
    if !is_running() {
        return None;
    }
    let line = Line::caller();
    let joined = with(|replay| {
        let answer = replay.next_answer()?;
        replay.record(Action::Join { thread }, Strength::Relaxed, line);
        replay.paused_at = replay.events.len();
        let answers = match answer {
            Answer::Joined(answers) => answers.to_vec(),
            Answer::Value(_) => Vec::new(), // the body is not deterministic, which is reported
        };
        let (known, own) = replay.take_known();
        Some((Replay::new(known, vec![Segment { thread, answers }], replay.allowed), own))
    });
    let Some((inner, own)) = joined.flatten() else { exit(Exit::Join(thread, line)) };
    let count = inner.known;
    let (_, result, mut known) = recorded(inner, work);
    let is_as_before = known.variables.len() == count;
    known.variables.truncate(count);
    with(|replay| {
        (replay.variables, replay.children) = (known.variables, known.children);
        replay.variables.extend(own);
    });
    let is_as_before = is_as_before && result.is_some();
    assert!(
        is_as_before,
        "a thread is not deterministic, or its result has a word that it made: {ADVICE}"
    );
    result
}
