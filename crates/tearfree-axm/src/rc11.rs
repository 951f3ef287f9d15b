// SPDX-License-Identifier: MIT OR Apache-2.0
//! The axioms of RC11 for one candidate execution.
//!
//! From O. Lahav, V. Vafeiadis, J. Kang, C.-K. Hur, D. Dreyer: "Repairing Sequential Consistency in
//! C/C++11", PLDI 2017, section 3 (`[RC11]` below). The file `rc11.cat` of herd7 states the same. Two
//! deviations, both on purpose:
//!
//! - The release sequence is the one of C++20 (\[atomics.races\], after P0982R1), which Rust follows:
//!   a store and the updates that read from it. Later plain stores of the same thread, which RC11
//!   still had in it, are not part of it. That gives fewer orders and so more executions.
//! - An update is one event, not a load and a store that are tied together.
//!
//! Initial stores come before everything in `sb`, as threads are started after them. A thread that
//! another one spawns or joins is ordered by that: `order` here.

use crate::event::Event;
use crate::relation::{Relation, Set};

/// A candidate execution: events, reads-from, and the order of stores to each location.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) events: Vec<Event>,
    /// `None` for initial stores.
    pub(crate) threads: Vec<Option<usize>>,
    /// Sequenced before; here it is transitive.
    pub(crate) sb: Relation,
    /// `sb`, extended across spawn and join (\[thread.thread.constr\] and \[thread.thread.member\]).
    pub(crate) order: Relation,
    /// Reads from: from a store to its readers.
    pub(crate) rf: Relation,
    /// Modification order: total over the stores of each location.
    pub(crate) mo: Relation,
}

/// The verdict of the model on a candidate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It cannot happen.
    Forbidden,
    Allowed,
    /// It can happen, and these two events are a data race, so its behaviour is undefined.
    Race(usize, usize),
    /// It can happen, and the second event uses what the first one has freed.
    UseAfterFree(usize, usize),
}

impl Execution {
    pub(crate) fn verdict(&self) -> Verdict {
        let hb = self.happens_before();
        let rb = self.reads_before();
        // [RC11] extended coherence order: eco = (rf | mo | rb)+
        let eco = self.rf.or(&self.mo).or(&rb).closure();
        let allowed = self.order.or(&self.rf).is_acyclic() // [RC11] NO-THIN-AIR
            && self.updates_are_atomic() // [RC11] ATOMICITY
            // [RC11] COHERENCE: hb ; eco? is irreflexive
            && hb.is_irreflexive()
            && hb.then(&eco).is_irreflexive()
            && self.is_sequentially_consistent(&hb, &eco, &rb);
        if !allowed {
            return Verdict::Forbidden;
        }
        if let Some((one, other)) = self.race(&hb) {
            return Verdict::Race(one, other);
        }
        self.use_after_free(&hb)
            .map_or(Verdict::Allowed, |(free, at)| Verdict::UseAfterFree(free, at))
    }

    fn all(&self, is_member: impl Fn(&Event) -> bool) -> Set {
        let bit = |(at, event)| if is_member(event) { 1_u128 << at } else { 0 };
        self.events.iter().enumerate().map(bit).fold(0, |set, bit| set | bit)
    }

    /// [RC11] hb = (sb | sw)+, where spawn and join synchronize too.
    fn happens_before(&self) -> Relation {
        self.order.or(&self.synchronizes_with()).closure()
    }

    /// [RC11] sw = \[rel\] ; (\[F\] ; sb)? ; rs ; rf ; \[R, atomic\] ; (sb ; \[F\])? ; \[acq\], with
    /// rs = \[W, atomic\] ; (rf ; \[update\])* as in C++20.
    fn synchronizes_with(&self) -> Relation {
        let (fences, atomic) = (self.all(Event::is_fence), self.all(Event::is_atomic));
        let to_head = self.sb.starting_in(fences).maybe().starting_in(self.all(Event::releases));
        let chain = self.rf.ending_in(self.all(Event::is_update)).closure().maybe();
        let sequence = chain.starting_in(self.all(|event| event.written().is_some()) & atomic);
        let from_reader = self.sb.ending_in(fences).maybe().ending_in(self.all(Event::acquires));
        to_head.then(&sequence).then(&self.rf.ending_in(atomic)).then(&from_reader)
    }

    /// [RC11] rb = rf⁻¹ ; mo, from a read to the stores after the one that it read. An update is not
    /// before itself.
    fn reads_before(&self) -> Relation {
        self.rf.inverse().then(&self.mo).filtered(|from, to| from != to)
    }

    /// An update comes right after the store that it read from, with nothing in between.
    fn updates_are_atomic(&self) -> bool {
        let read = self.rf.ending_in(self.all(Event::is_update));
        let further = self.mo.then(&self.mo);
        read.pairs().all(|(from, to)| self.mo.has(from, to) && !further.has(from, to))
    }

    /// [RC11] SC: psc is acyclic.
    fn is_sequentially_consistent(&self, hb: &Relation, eco: &Relation, rb: &Relation) -> bool {
        let sc = self.all(Event::is_seq_cst);
        if sc == 0 {
            return true;
        }
        let fences = sc & self.all(Event::is_fence);
        let same_location = |from: usize, to: usize| {
            let location = self.events[from].location();
            location.is_some() && location == self.events[to].location()
        };
        // scb = sb | sb≠loc ; hb ; sb≠loc | hb=loc | mo | rb. A spawn has no location, and neither has a
        // join, so what comes before it in `sb` is related to what comes behind it.
        let elsewhere = self.order.filtered(|from, to| !same_location(from, to));
        let scb = self
            .order
            .or(&elsewhere.then(hb).then(&elsewhere))
            .or(&hb.filtered(same_location))
            .or(&self.mo)
            .or(rb);
        // psc_base = ([sc] | [Fsc] ; hb?) ; scb ; ([sc] | hb? ; [Fsc])
        let itself = Relation::identity(self.events.len(), sc);
        let before = itself.or(&hb.maybe().starting_in(fences));
        let after = itself.or(&hb.maybe().ending_in(fences));
        let psc_base = before.then(&scb).then(&after);
        // psc_F = [Fsc] ; (hb | hb ; eco ; hb) ; [Fsc]
        let around = hb.or(&hb.then(eco).then(hb));
        psc_base.or(&around.starting_in(fences).ending_in(fences)).is_acyclic()
    }

    /// [RC11] A race: two accesses of one location by two threads, one of them a write and one not
    /// atomic, that happens-before does not order.
    fn race(&self, hb: &Relation) -> Option<(usize, usize)> {
        if self.all(|event| !event.is_atomic()) == 0 {
            return None;
        }
        let conflict = |one: usize, other: usize| {
            let (a, b) = (&self.events[one], &self.events[other]);
            a.location().is_some()
                && a.location() == b.location()
                && self.threads[one] != self.threads[other]
                && (a.written().is_some() || b.written().is_some())
                && !(a.is_atomic() && b.is_atomic())
        };
        let events = 0..self.events.len();
        events.flat_map(|one| (0..one).map(move |other| (other, one))).find(|&(one, other)| {
            conflict(one, other) && !hb.has(one, other) && !hb.has(other, one)
        })
    }

    /// Returns a free and an access that comes after it.
    fn use_after_free(&self, hb: &Relation) -> Option<(usize, usize)> {
        let is_use = |&(free, at): &(usize, usize)| {
            self.events[free].is_free()
                && self.events[at].location() == self.events[free].location()
        };
        hb.pairs().find(is_use)
    }
}
