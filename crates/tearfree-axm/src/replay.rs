// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs a thread's body with answers to its loads, and records what it does.
//!
//! A body is run from its beginning each time. Its first loads get the answers that are there; when
//! these run out, the body is left (by unwinding) and the next load is what the explorer has to
//! answer. So bodies have to be deterministic, and all that they share has to be these atomics.

use core::cell::{Cell, RefCell};
use core::ops::Range;
use core::panic::{AssertUnwindSafe, Location as Line};
use std::panic;
use std::sync::Once;
use std::thread;

use crate::event::{Action, Event, Location, Strength};
use crate::heap::Reader;
pub(crate) use crate::run::{Allowed, End, Kind, Place, Request, Run};

/// What to do about a body that is not deterministic.
pub(crate) const ADVICE: &str = "with the same values loaded it did something else; it may depend on \
    time, on chance or on what it changed outside of its state, or publish the address of a word that \
    it made (use `heap::alloc`)";

const FREED: &str =
    "a thread dropped a word that it had not made, or had kept in another execution";

/// The payload of an unwinding that is no panic.
enum Leave {
    Ask(Request),
    Choose,
    Cut(&'static Line<'static>),
    Spin(&'static Line<'static>),
}

/// So many reads that found the same, one after the other, are a spin loop.
const SPIN: usize = 16;

#[derive(Default)]
struct Replay {
    places: Vec<Place>,
    /// How many of them there were before this run.
    known: usize,
    /// Those that were dropped in this run.
    dropped: Vec<Location>,
    thread: usize,
    /// How many blocks this run has allocated.
    allocations: usize,
    answers: Vec<u64>,
    answered: usize,
    events: Vec<Event>,
    /// What destructors did after the run was left: not part of the execution.
    unwinding: Vec<Event>,
    left: Allowed,
    /// The number of events before the last pause.
    paused_at: usize,
    sleeps: usize,
}

thread_local! {
    static REPLAY: RefCell<Option<Replay>> = const { RefCell::new(None) };
    static IS_SILENT: Cell<bool> = const { Cell::new(false) };
    /// Where a body panicked.
    static PANICKED_AT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs `body` with these answers. `places` are the locations that are known; new ones are added.
pub(crate) fn run(
    places: &mut Vec<Place>,
    thread: usize,
    answers: &[u64],
    allowed: Allowed,
    body: impl FnOnce() -> String,
) -> Run {
    silence_bodies();
    let replay = Replay {
        known: places.len(),
        thread,
        places: core::mem::take(places),
        answers: answers.to_vec(),
        left: allowed,
        ..Replay::default()
    };
    let other = REPLAY.replace(Some(replay));
    assert!(other.is_none(), "a model is checked inside of a model");
    IS_SILENT.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(body));
    IS_SILENT.set(false);
    let mut replay = REPLAY.take().expect("only this function takes it away");
    let numbers = replay.settled();
    let end = match result {
        Ok(outcome) => End::Done(outcome),
        Err(payload) => match payload.downcast::<Leave>() {
            Ok(leave) => match *leave {
                Leave::Ask(request) => End::Asks(Request { at: numbers[request.at], ..request }),
                Leave::Choose => End::Chooses,
                Leave::Cut(line) => End::Cut(line),
                Leave::Spin(line) => End::Spins(line),
            },
            Err(payload) => End::Failed(message(&*payload) + &PANICKED_AT.take()),
        },
    };
    let freed = replay.dropped.iter().any(|&at| at < replay.known);
    let end = if freed { End::Failed(FREED.to_owned()) } else { end };
    let events = replay.events.into_iter().map(|event| event.renumbered(&numbers)).collect();
    *places = replay.places;
    Run { events, end }
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

impl Replay {
    fn location(&mut self, place: Place) -> Location {
        let overlaps = |(at, known): (Location, &Place)| {
            known.kind == place.kind
                && known.made_by.is_none()
                && !self.dropped.contains(&at)
                && known.address < place.address + place.size
                && place.address < known.address + known.size
        };
        if let Some(at) = self.places.iter().enumerate().position(overlaps) {
            let known = self.places[at];
            let is_same = (known.address, known.size) == (place.address, place.size);
            assert!(is_same, "accesses of two sizes to the same bytes");
            return at;
        }
        self.places.push(place);
        self.places.len() - 1
    }

    /// Gives the words that the body made and dropped names of their own, by thread and number, and
    /// tells what number each location of this run has from now on.
    fn settled(&mut self) -> Vec<Location> {
        let new = self.places.split_off(self.known);
        let mut numbers: Vec<Location> = (0..self.known).collect();
        let mut made = 0;
        for (at, mut place) in (self.known..).zip(new) {
            if self.dropped.contains(&at) {
                place = Place { address: 0, made_by: Some((self.thread, made)), ..place };
                made += 1;
            }
            let known = self.places.iter().position(|known| *known == place);
            numbers.push(known.unwrap_or(self.places.len()));
            if known.is_none() {
                self.places.push(place);
            }
        }
        numbers
    }

    fn record(&mut self, action: Action, strength: Strength, line: &'static Line<'static>) {
        let events = if thread::panicking() { &mut self.unwinding } else { &mut self.events };
        events.push(Event { action, strength, line: Some(line) });
    }

    /// Whether the last read is one of many at one line that found the same, with nothing changed and no
    /// pause in between.
    fn is_spinning(&self) -> bool {
        let changes = |event: &Event| match event.action {
            Action::Update { read, written, .. } => read != written,
            Action::Store { .. } | Action::Free { .. } => true,
            Action::Load { .. } | Action::Fence => false,
        };
        let recent = &self.events[self.paused_at..];
        let recent = &recent[recent.iter().rposition(changes).map_or(0, |last| last + 1)..];
        let same = |event: &&Event| Some(*event) == recent.last();
        recent.iter().filter(same).count() >= SPIN && !thread::panicking()
    }

    /// What this thread last saw or stored there: for destructors, while a run is left.
    fn look(&self, at: Location) -> u64 {
        let events = self.events.iter().chain(&self.unwinding);
        let last = events.rev().find_map(|event| match event.action {
            Action::Load { at: there, value } if there == at => Some(value),
            _ if event.location() == Some(at) => event.written(),
            _ => None,
        });
        last.unwrap_or(self.places[at].initial)
    }

    /// The answer to the next load, or what to ask for.
    fn answer(&mut self, request: Request) -> Result<u64, Request> {
        if thread::panicking() {
            return Ok(self.look(request.at));
        }
        let answer = self.answers.get(self.answered).copied().ok_or(request)?;
        self.answered += 1;
        Ok(answer)
    }
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
        let choice = *replay.answers.get(replay.answered)? == 1;
        replay.answered += 1;
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
