// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs a thread's body with answers to its loads, and records what it does.
//!
//! A body is run from its beginning each time. Its first loads get the answers that are there; when
//! these run out, the body is left (by unwinding) and the next load is what the explorer has to
//! answer. So bodies have to be deterministic, and all that they share has to be these atomics.

use core::cell::{Cell, RefCell};
use core::mem;
use core::ops::Range;
use core::panic::{AssertUnwindSafe, Location as Line};
use std::panic;
use std::sync::Once;
use std::thread;

use crate::event::{Action, Location, Strength};
use crate::heap::Reader;
use crate::recorder::Replay;
use crate::run::{Allowed, Answer, Known, Leg};
pub(crate) use crate::run::{End, Kind, Place, Request, Run};

/// What to do about a body that is not deterministic.
pub(crate) const ADVICE: &str = "with the same values loaded it did something else; it may depend on \
    time, on chance or on what it changed outside of its state, or publish the address of a word that \
    it made (use `heap::alloc`)";

const FREED: &str =
    "a thread dropped a word that it had not made, or had kept in another execution";

const SHARED: &str = "two threads share a word that one of them made; put it into the state of the \
    program, or allocate it with `heap::alloc`";

/// The payload of an unwinding that is no panic.
enum Leave {
    Ask(Request),
    Choose,
    Join(usize, &'static Line<'static>),
    /// The run that was meant is over. It was one inside.
    Inner,
    Cut(&'static Line<'static>),
    Spin(&'static Line<'static>),
}

thread_local! {
    static REPLAY: RefCell<Option<Replay>> = const { RefCell::new(None) };
    static IS_SILENT: Cell<bool> = const { Cell::new(false) };
    /// Where a body panicked.
    static PANICKED_AT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs `body`, the first thread of a path, and gives the run of the last one. What is new is added to
/// `known`.
pub(crate) fn run(
    known: &mut Known,
    path: Vec<Leg>,
    allowed: Allowed,
    body: impl FnOnce() -> String,
) -> Run {
    silence_bodies();
    let is_nested = REPLAY.with_borrow(Option::is_some);
    assert!(!is_nested, "a model is checked inside of a model");
    let replay = Replay::new(mem::take(known), path, allowed);
    IS_SILENT.set(true);
    let (mut run, outcome, what_is_known) = recorded(replay, body);
    IS_SILENT.set(false);
    *known = what_is_known;
    if let (End::Done(said), Some(outcome)) = (&mut run.end, outcome) {
        *said = outcome;
    }
    run
}

/// Runs a thread, or a part of it. The result is there if this thread is the one that was meant, and
/// came to its end.
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
        return (run, None, Known { places: replay.places, children: replay.children });
    }
    let numbers = replay.settled();
    let end = match result {
        Ok(result) => {
            value = Some(result);
            End::Done(String::new())
        }
        Err(payload) => match payload.downcast::<Leave>() {
            Ok(leave) => match *leave {
                Leave::Ask(request) => End::Asks(Request { at: numbers[request.at], ..request }),
                Leave::Choose => End::Chooses,
                Leave::Join(thread, line) => End::Joins(thread, line),
                Leave::Cut(line) => End::Cut(line),
                Leave::Spin(line) => End::Spins(line),
                Leave::Inner => unreachable!("the run inside has been taken"),
            },
            Err(payload) => End::Failed(message(&*payload) + &PANICKED_AT.take()),
        },
    };
    let end = if freed { End::Failed(FREED.to_owned()) } else { end };
    let events = replay.events.into_iter().map(|event| event.renumbered(&numbers)).collect();
    (Run { events, end }, value, Known { places: replay.places, children: replay.children })
}

/// A panic in a body is a result and not news. Other threads keep their voice.
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

/// Ends the run, through the destructors of the body. Those see what the thread saw last.
fn leave(why: Leave) -> ! {
    panic::resume_unwind(Box::new(why))
}

/// A word is dropped.
pub(crate) fn dropped(address: usize) {
    // A word in a thread-local may outlive `REPLAY`.
    let _ = REPLAY.try_with(|replay| {
        if let Some(replay) = replay.borrow_mut().as_mut() {
            let is_it = |&at: &Location| {
                let place = &replay.places[at];
                place.address == address && place.made_by.is_none() && !replay.dropped.contains(&at)
            };
            let gone: Vec<Location> = (0..replay.places.len()).filter(is_it).collect();
            replay.dropped.extend(gone);
        }
    });
}

/// The thread, and how many blocks it has allocated before this one. `None` if no body is being run.
pub(crate) fn next_allocation() -> Option<(usize, usize)> {
    with(|replay| {
        replay.allocations += 1;
        (replay.thread, replay.allocations - 1)
    })
}

/// A block got its first value: `read` gives that of a word.
#[track_caller]
pub(crate) fn allocated(block: Range<usize>, read: impl Fn(Reader, usize) -> u64) {
    each_word(block, |at, place| Action::Store { at, value: read(place.reader, place.address) });
}

/// A block is freed.
#[track_caller]
pub(crate) fn freed(block: Range<usize>) {
    each_word(block, |at, _| Action::Free { at });
}

/// Does something to each word of a block that is known.
#[track_caller]
fn each_word(block: Range<usize>, act: impl Fn(Location, &Place) -> Action) {
    let line = Line::caller();
    with(|replay| {
        let is_word = |place: &Place| place.kind == Kind::Word && place.made_by.is_none();
        for at in 0..replay.places.len() {
            let place = replay.places[at];
            if is_word(&place) && block.contains(&place.address) {
                replay.record(act(at, &place), Strength::Plain, line);
            }
        }
    });
}

/// A load. `None` if no body is being run, so that memory itself is meant.
#[track_caller]
pub(crate) fn load(place: Place, strength: Strength) -> Option<u64> {
    read(place, Only::Any, |_| None, strength, strength)
}

/// A store. `None` if no body is being run.
#[track_caller]
pub(crate) fn store(place: Place, value: u64, strength: Strength) -> Option<()> {
    let line = Line::caller();
    with(|replay| {
        let at = replay.location(place);
        replay.record(Action::Store { at, value }, strength, line);
    })
}

/// A read-modify-write: `change` says what is written, if anything, for what was read; it gives what
/// was read. `None` if no body is being run.
#[track_caller]
pub(crate) fn update(
    place: Place,
    change: impl FnOnce(u64) -> Option<u64>,
    success: Strength,
    failure: Strength,
) -> Option<u64> {
    read(place, Only::Any, change, success, failure)
}

/// Whether something fails for no reason that can: both are tried, as often as the program allows.
pub(crate) fn fails_spuriously() -> bool {
    let choice = with(|replay| {
        if replay.left.spurious == 0 || thread::panicking() {
            return Some(false);
        }
        let choice = replay.next_answer()?.value() == 1;
        replay.left.spurious -= usize::from(choice);
        Some(choice)
    });
    choice.is_some_and(|choice| choice.unwrap_or_else(|| leave(Leave::Choose)))
}

/// An exchange that fails although it finds `value`. `None` if no body is being run.
#[track_caller]
pub(crate) fn failed_exchange(place: Place, value: u64, failure: Strength) -> Option<u64> {
    read(place, Only::This(value), |_| None, failure, failure)
}

/// Whether a body is being run, and not left.
pub(crate) fn is_running() -> bool {
    with(|_| ()).is_some() && !thread::panicking()
}

/// Sleeps until the word at `place` is not `value`.
#[track_caller]
pub(crate) fn sleep(place: Place, value: u64) {
    with(|replay| replay.sleeps += 1);
    read(place, Only::Not(value), |_| None, Strength::Acquire, Strength::Acquire);
}

/// How often this thread has slept in this execution.
pub(crate) fn sleeps() -> usize {
    with(|replay| replay.sleeps).unwrap_or(0)
}

/// How often this thread has paused in this execution.
pub(crate) fn pauses() -> usize {
    with(|replay| replay.allowed.pauses - replay.left.pauses).unwrap_or(0)
}

/// Which answers a read can have.
#[derive(Clone, Copy)]
enum Only {
    Any,
    This(u64),
    /// Until then the thread sleeps.
    Not(u64),
}

#[track_caller]
fn read(
    place: Place,
    which: Only,
    change: impl FnOnce(u64) -> Option<u64>,
    success: Strength,
    failure: Strength,
) -> Option<u64> {
    let line = Line::caller();
    let answered = with(|replay| {
        let at = replay.location(place);
        let (only, sleeps_at) = match which {
            Only::Any => (None, None),
            Only::This(value) => (Some(value), None),
            Only::Not(value) => (None, Some(value)),
        };
        let read = replay.answer(Request { at, sleeps_at, only, line })?;
        match change(read) {
            Some(written) => replay.record(Action::Update { at, read, written }, success, line),
            None => replay.record(Action::Load { at, value: read }, failure, line),
        }
        Ok((read, replay.is_spinning()))
    })?;
    match answered {
        Ok((_, true)) => leave(Leave::Spin(line)),
        Ok((read, false)) => Some(read),
        Err(request) => leave(Leave::Ask(request)),
    }
}

#[track_caller]
pub(crate) fn fence(strength: Strength) -> Option<()> {
    let line = Line::caller();
    with(|replay| replay.record(Action::Fence, strength, line))
}

/// The thread can do nothing but look again. After as many of these as the program allows, the run
/// is cut: the same thread, looking later, is another execution.
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
        leave(Leave::Cut(line));
    }
}

/// A thread is spawned that does `work`, and gets a number. If its run is the one that is meant, this does
/// not return.
#[track_caller]
pub(crate) fn spawn<T>(work: impl FnOnce() -> T) -> usize {
    let line = Line::caller();
    let spawned = with(|replay| {
        let thread = replay.children.number(replay.thread, replay.spawned)?;
        replay.spawned += 1;
        replay.record(Action::Spawn { thread }, Strength::Relaxed, line);
        let is_meant = replay.onward.first().is_some_and(|leg| leg.thread == thread);
        let inner = is_meant.then(|| {
            let path = mem::take(&mut replay.onward);
            Replay::new(replay.lend().0, path, replay.allowed)
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
        replay.known = known.places.len();
        (replay.places, replay.children) = (known.places, known.children);
        replay.dropped.clear();
        replay.inner = Some(run);
    });
    leave(Leave::Inner)
}

/// Waits until `thread` has ended, and does its work here, for the result. `None` while a run is left.
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
            Answer::Value(_) => Vec::new(), // the body is not deterministic, which is found out
        };
        let (known, own) = replay.lend();
        Some((Replay::new(known, vec![Leg { thread, answers }], replay.allowed), own))
    });
    let Some((inner, own)) = joined.flatten() else { leave(Leave::Join(thread, line)) };
    let count = inner.known;
    let (_, result, mut known) = recorded(inner, work);
    let is_as_before = known.places.len() == count;
    known.places.truncate(count);
    with(|replay| {
        (replay.places, replay.children) = (known.places, known.children);
        replay.places.extend(own);
    });
    let is_as_before = is_as_before && result.is_some();
    assert!(
        is_as_before,
        "a thread is not deterministic, or its result has a word that it made: {ADVICE}"
    );
    result
}
