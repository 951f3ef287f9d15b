// SPDX-License-Identifier: MIT OR Apache-2.0
//! RC11 as the paper states it, by brute force: every reads-from and every modification order, then the axioms.
//!
//! It shares no code with the checker. Where both could be written in two ways, it takes the other one: an
//! update is a load and a store that `rmw` ties together, as in section 3 of the paper (Lahav et al., PLDI
//! 2017). The one change is the release sequence of C++20: `rs = [W, atomic] ; (rf ; rmw)*`.

use core::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use std::collections::BTreeSet;

use crate::program::{Op, Threads, WORDS};
use crate::relation::{
    Relation, chain, choices, is_acyclic, is_irreflexive, orders, reflexive, sequence, transitive,
    union,
};

/// The final states of a program, and how many executions it has.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) executions: usize,
    pub(crate) outcomes: BTreeSet<String>,
    pub(crate) has_race: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Read,
    Write,
    Fence,
}

/// The modes of the paper. The read of an update has no release part, and its write no acquire part.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Plain,
    Relaxed,
    Acquire,
    Release,
    AcqRel,
    SeqCst,
}

/// The value that a write writes.
#[derive(Clone, Copy)]
enum Written {
    Constant(usize),
    /// That of a read, plus a number.
    Sum(usize, usize),
    /// A read or a fence.
    Nothing,
}

struct Event {
    kind: Kind,
    at: Option<usize>,
    mode: Mode,
    /// `None` for the initial writes.
    thread: Option<usize>,
    written: Written,
}

/// A condition on values, under which the program has these events: the read, the value, and whether it is
/// equal to the value.
type Guard = (Option<usize>, usize, bool);

/// The events of one choice of branches.
struct Candidate {
    events: Vec<Event>,
    /// Pairs of a read and a write.
    rmw: Vec<(usize, usize)>,
    guards: Vec<Guard>,
}

impl Candidate {
    fn new() -> Self {
        let initial = |at| Event {
            kind: Kind::Write,
            at: Some(at),
            mode: Mode::Relaxed,
            thread: None,
            written: Written::Constant(0),
        };
        let events = (0..WORDS).map(initial).collect();
        Candidate { events, rmw: Vec::new(), guards: Vec::new() }
    }

    fn push(&mut self, thread: usize, kind: Kind, at: Option<usize>, mode: Mode, written: Written) {
        self.events.push(Event { kind, at, mode, thread: Some(thread), written });
    }

    fn read(&mut self, thread: usize, at: usize, mode: Mode) -> usize {
        self.push(thread, Kind::Read, Some(at), mode, Written::Nothing);
        self.events.len() - 1
    }

    fn write(&mut self, thread: usize, at: usize, mode: Mode, written: Written) {
        self.push(thread, Kind::Write, Some(at), mode, written);
    }

    /// A read and a write that nothing comes between.
    fn update(
        &mut self,
        thread: usize,
        at: usize,
        order: Ordering,
        written: impl FnOnce(usize) -> Written,
    ) -> usize {
        let (reads, writes) = match order {
            Acquire => (Mode::Acquire, Mode::Relaxed),
            Release => (Mode::Relaxed, Mode::Release),
            AcqRel => (Mode::Acquire, Mode::Release),
            same => (mode(same), mode(same)),
        };
        let read = self.read(thread, at, reads);
        self.write(thread, at, writes, written(read));
        self.rmw.push((read, read + 1));
        read
    }

    /// Adds an operation. `branch` is what it does if it depends on a value; `last` is the thread's last read.
    fn operation(&mut self, thread: usize, op: Op, branch: bool, last: &mut Option<usize>) {
        match op {
            Op::Load(at, order) => *last = Some(self.read(thread, at, mode(order))),
            Op::Store(at, value, order) => {
                self.write(thread, at, mode(order), Written::Constant(value));
            }
            Op::Add(at, by, order) => {
                *last = Some(self.update(thread, at, order, |read| Written::Sum(read, by)));
            }
            Op::Exchange(at, [expected, new], [success, failure]) => {
                let read = match branch {
                    true => self.update(thread, at, success, |_| Written::Constant(new)),
                    false => self.read(thread, at, mode(failure)),
                };
                self.guards.push((Some(read), expected, branch));
                *last = Some(read);
            }
            Op::StoreIf(at, value, order) => {
                self.guards.push((*last, 0, !branch));
                if branch {
                    self.write(thread, at, mode(order), Written::Constant(value));
                }
            }
            Op::Fence(order) => {
                self.push(thread, Kind::Fence, None, mode(order), Written::Nothing);
            }
            Op::PlainLoad(at) => *last = Some(self.read(thread, at, Mode::Plain)),
            Op::PlainStore(at, value) => {
                self.write(thread, at, Mode::Plain, Written::Constant(value));
            }
        }
    }

    fn identity(&self, is_member: impl Fn(&Event) -> bool) -> Relation {
        let bit = |(a, event)| if is_member(event) { 1_u64 << a } else { 0 };
        self.events.iter().enumerate().map(bit).collect()
    }

    fn pairs(&self, is_related: impl Fn(usize, usize) -> bool) -> Relation {
        let all = 0..self.events.len();
        let row = |a| all.clone().filter(|&b| is_related(a, b)).fold(0, |row, b| row | 1 << b);
        all.clone().map(row).collect()
    }

    fn same_location(&self, a: usize, b: usize) -> bool {
        self.events[a].at.is_some() && self.events[a].at == self.events[b].at
    }

    fn sb(&self) -> Relation {
        self.pairs(|a, b| match (self.events[a].thread, self.events[b].thread) {
            (None, Some(_)) => true,
            (Some(first), Some(second)) => first == second && a < b,
            _ => false,
        })
    }

    /// Returns the value of each event, if the guards hold. `from` has the write of each read.
    fn values(&self, from: &[usize]) -> Option<Vec<usize>> {
        let mut values = vec![0; self.events.len()];
        // Enough passes for the longest chain.
        for _ in 0..self.events.len() {
            for (at, event) in self.events.iter().enumerate() {
                values[at] = match event.written {
                    Written::Constant(value) => value,
                    Written::Sum(read, by) => values[read] + by,
                    Written::Nothing if event.kind == Kind::Read => values[from[at]],
                    Written::Nothing => 0,
                };
            }
        }
        let holds = |&(read, value, is_equal): &Guard| {
            (read.map_or(0, |read| values[read]) == value) == is_equal
        };
        self.guards.iter().all(holds).then_some(values)
    }

    /// hb = (sb ∪ sw)+
    fn happens_before(&self, sb: &Relation, rf: &Relation, rmw: &Relation) -> Relation {
        let fences = self.identity(|event| event.kind == Kind::Fence);
        let releases = self.identity(|event| {
            matches!(event.mode, Mode::Release | Mode::AcqRel | Mode::SeqCst)
                && event.kind != Kind::Read
        });
        let acquires = self.identity(|event| {
            matches!(event.mode, Mode::Acquire | Mode::AcqRel | Mode::SeqCst)
                && event.kind != Kind::Write
        });
        let atomic = |kind| {
            self.identity(move |event: &Event| event.kind == kind && event.mode != Mode::Plain)
        };
        let rs = chain(&[&atomic(Kind::Write), &reflexive(&transitive(&sequence(rf, rmw)))]);
        let before = reflexive(&sequence(&fences, sb));
        let behind = reflexive(&sequence(sb, &fences));
        let sw = chain(&[&releases, &before, &rs, rf, &atomic(Kind::Read), &behind, &acquires]);
        transitive(&union(&[sb, &sw]))
    }

    /// The axiom SC: psc_base ∪ psc_F is acyclic.
    fn is_sc(
        &self,
        sb: &Relation,
        hb: &Relation,
        eco: &Relation,
        mo: &Relation,
        rb: &Relation,
    ) -> bool {
        let sc = self.identity(|event| event.mode == Mode::SeqCst);
        let fences = self.identity(|event| event.mode == Mode::SeqCst && event.kind == Kind::Fence);
        let elsewhere = self.pairs(|a, b| sb[a] >> b & 1 == 1 && !self.same_location(a, b));
        let here = self.pairs(|a, b| hb[a] >> b & 1 == 1 && self.same_location(a, b));
        let scb = union(&[sb, &chain(&[&elsewhere, hb, &elsewhere]), &here, mo, rb]);
        let maybe_hb = reflexive(hb);
        let from = union(&[&sc, &sequence(&fences, &maybe_hb)]);
        let to = union(&[&sc, &sequence(&maybe_hb, &fences)]);
        let base = chain(&[&from, &scb, &to]);
        let between = union(&[hb, &chain(&[hb, eco, hb])]);
        is_acyclic(&union(&[&base, &chain(&[&fences, &between, &fences])]))
    }

    fn has_race(&self, hb: &Relation) -> bool {
        let all = 0..self.events.len();
        let conflict = |a: usize, b: usize| {
            let (first, second) = (&self.events[a], &self.events[b]);
            self.same_location(a, b)
                && first.thread != second.thread
                && (first.kind == Kind::Write || second.kind == Kind::Write)
                && (first.mode == Mode::Plain || second.mode == Mode::Plain)
                && hb[a] >> b & 1 == 0
                && hb[b] >> a & 1 == 0
        };
        all.clone().any(|a| all.clone().any(|b| conflict(a, b)))
    }

    /// Adds all executions of these events to `answer`.
    fn enumerate(&self, threads: usize, answer: &mut Answer) {
        let events = &self.events;
        let writes = |at: usize| -> Vec<usize> {
            let is_it = |&a: &usize| events[a].kind == Kind::Write && events[a].at == Some(at);
            (0..events.len()).filter(is_it).collect()
        };
        let sources = |event: &Event| match (event.kind, event.at) {
            (Kind::Read, Some(at)) => writes(at),
            _ => vec![usize::MAX],
        };
        let sb = self.sb();
        let rmw = self.pairs(|a, b| self.rmw.contains(&(a, b)));
        let orders = choices(&(0..WORDS).map(|at| orders(&writes(at))).collect::<Vec<_>>());
        for from in choices(&events.iter().map(sources).collect::<Vec<_>>()) {
            let rf = self.pairs(|a, b| from[b] == a);
            if !is_acyclic(&union(&[&sb, &rf])) {
                continue;
            }
            let Some(values) = self.values(&from) else { continue };
            let hb = self.happens_before(&sb, &rf, &rmw);
            for order in &orders {
                let position = |a: usize| order[events[a].at.unwrap()].iter().position(|&w| w == a);
                let mo = self.pairs(|a, b| {
                    let both = events[a].kind == Kind::Write && events[b].kind == Kind::Write;
                    both && self.same_location(a, b) && position(a) < position(b)
                });
                let inverse = self.pairs(|a, b| from[a] == b);
                let rb = sequence(&inverse, &mo);
                let eco = transitive(&union(&[&rf, &mo, &rb]));
                let between = sequence(&rb, &mo);
                let is_atomic =
                    self.rmw.iter().all(|&(read, write)| between[read] >> write & 1 == 0);
                let is_coherent = is_irreflexive(&hb) && is_irreflexive(&sequence(&hb, &eco));
                if is_atomic && is_coherent && self.is_sc(&sb, &hb, &eco, &mo, &rb) {
                    answer.executions += 1;
                    answer.has_race |= self.has_race(&hb);
                    answer.outcomes.insert(self.outcome(threads, &values, order));
                }
            }
        }
    }

    /// Returns what each thread read, and the last value of each word.
    fn outcome(&self, threads: usize, values: &[usize], orders: &[Vec<usize>]) -> String {
        let mut seen = vec![String::from("."); threads];
        for (event, value) in self.events.iter().zip(values) {
            if let (Kind::Read, Some(thread)) = (event.kind, event.thread) {
                seen[thread] += &format!(" {value}");
            }
        }
        let last = orders.iter().map(|order| values[*order.last().unwrap()].to_string());
        seen.push(last.collect::<Vec<_>>().join(" "));
        seen.join(", ")
    }
}

fn mode(order: Ordering) -> Mode {
    match order {
        Relaxed => Mode::Relaxed,
        Acquire => Mode::Acquire,
        Release => Mode::Release,
        AcqRel => Mode::AcqRel,
        SeqCst => Mode::SeqCst,
        other => panic!("an ordering of which the paper does not know: {other:?}"),
    }
}

/// Returns all executions of a program, whichever way its branches go.
pub(crate) fn answer(threads: &Threads) -> Answer {
    let mut answer = Answer::default();
    let branches = threads.iter().flatten().filter(|op| op.has_branches()).count();
    for mut taken in 0..1_usize << branches {
        let mut candidate = Candidate::new();
        for (thread, ops) in threads.iter().enumerate() {
            let mut last = None;
            for &op in ops {
                candidate.operation(thread, op, taken & 1 == 1, &mut last);
                taken >>= usize::from(op.has_branches());
            }
        }
        candidate.enumerate(threads.len(), &mut answer);
    }
    answer
}
