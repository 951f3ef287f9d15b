// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sets of events and relations between them, as bits.

/// The maximum number of events in an execution, initial stores included.
pub(crate) const MOST_EVENTS: usize = 128;

/// A set of events: bit `i` is event `i`.
pub(crate) type Set = u128;

/// A relation between events: row `i` is the set of those that event `i` is related to.
#[derive(Clone, Debug)]
pub(crate) struct Relation(Vec<Set>);

impl Relation {
    pub(crate) fn empty(events: usize) -> Self {
        assert!(events <= MOST_EVENTS, "more than {MOST_EVENTS} events: use a smaller program");
        Relation(vec![0; events])
    }

    /// Returns the relation of each event of the set to itself.
    pub(crate) fn identity(events: usize, set: Set) -> Self {
        let mut relation = Self::empty(events);
        for (event, row) in relation.0.iter_mut().enumerate() {
            *row = set & (1 << event);
        }
        relation
    }

    pub(crate) fn add(&mut self, from: usize, to: usize) {
        self.0[from] |= 1 << to;
    }

    pub(crate) fn add_all(&mut self, from: usize, to: Set) {
        self.0[from] |= to;
    }

    pub(crate) fn has(&self, from: usize, to: usize) -> bool {
        self.0[from] >> to & 1 == 1
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let rows = self.0.iter().enumerate();
        rows.flat_map(|(from, &row)| members(row).map(move |to| (from, to)))
    }

    pub(crate) fn or(&self, other: &Self) -> Self {
        Relation(self.0.iter().zip(&other.0).map(|(a, b)| a | b).collect())
    }

    /// `self ; other`: one step of each.
    pub(crate) fn then(&self, other: &Self) -> Self {
        let one = |&row: &Set| members(row).fold(0, |reached, middle| reached | other.0[middle]);
        Relation(self.0.iter().map(one).collect())
    }

    /// `self?`: at most one step.
    pub(crate) fn maybe(&self) -> Self {
        Relation(self.0.iter().enumerate().map(|(event, row)| row | 1 << event).collect())
    }

    /// `self+`: any number of steps, at least one.
    pub(crate) fn closure(&self) -> Self {
        let mut rows = self.0.clone();
        for middle in 0..rows.len() {
            let beyond = rows[middle];
            for row in &mut rows {
                if *row >> middle & 1 == 1 {
                    *row |= beyond;
                }
            }
        }
        Relation(rows)
    }

    /// `self⁻¹`
    pub(crate) fn inverse(&self) -> Self {
        let mut inverse = Self::empty(self.0.len());
        self.pairs().for_each(|(from, to)| inverse.add(to, from));
        inverse
    }

    /// `[set] ; self`
    pub(crate) fn starting_in(&self, set: Set) -> Self {
        let keep = |(event, &row): (usize, &Set)| if set >> event & 1 == 1 { row } else { 0 };
        Relation(self.0.iter().enumerate().map(keep).collect())
    }

    /// `self ; [set]`
    pub(crate) fn ending_in(&self, set: Set) -> Self {
        Relation(self.0.iter().map(|row| row & set).collect())
    }

    /// The pairs for which `keep` holds.
    pub(crate) fn filtered(&self, keep: impl Fn(usize, usize) -> bool) -> Self {
        let mut kept = Self::empty(self.0.len());
        let pairs = self.pairs().filter(|&(from, to)| keep(from, to));
        pairs.for_each(|(from, to)| kept.add(from, to));
        kept
    }

    pub(crate) fn is_irreflexive(&self) -> bool {
        (0..self.0.len()).all(|event| !self.has(event, event))
    }

    /// Removes events without successors until none is left, or all that are left have one: a cycle.
    pub(crate) fn is_acyclic(&self) -> bool {
        let mut left: Set = (0..self.0.len()).fold(0, |set, event| set | 1 << event);
        loop {
            let before = left;
            for event in (0..self.0.len()).rev() {
                if self.0[event] & left == 0 {
                    left &= !(1 << event);
                }
            }
            if left == 0 || left == before {
                return left == 0;
            }
        }
    }
}

/// The events in a set.
pub(crate) fn members(mut set: Set) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        if set == 0 {
            return None;
        }
        let event = set.trailing_zeros() as usize;
        set &= set - 1;
        Some(event)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain() -> Relation {
        let mut chain = Relation::empty(4);
        (0..3).for_each(|event| chain.add(event, event + 1));
        chain
    }

    #[test]
    fn steps_add_up() {
        let two = chain().then(&chain());
        assert!(two.has(0, 2) && two.has(1, 3) && !two.has(0, 1) && !two.has(0, 3));
        let any = chain().closure();
        assert!(any.has(0, 3) && !any.has(3, 0) && !any.has(0, 0));
        assert!(chain().maybe().has(2, 2) && chain().inverse().has(3, 2));
    }

    #[test]
    fn a_cycle_is_found() {
        let mut relation = chain();
        assert!(relation.is_acyclic());
        relation.add(3, 1);
        assert!(relation.is_irreflexive() && !relation.is_acyclic());
    }

    #[test]
    fn restrictions_are_on_their_own_side() {
        let from_one = chain().starting_in(1 << 1);
        assert!(from_one.has(1, 2) && !from_one.has(0, 1));
        let to_one = chain().ending_in(1 << 1);
        assert!(to_one.has(0, 1) && !to_one.has(1, 2));
        assert!(chain().filtered(|from, to| from + to == 3).has(1, 2));
    }
}
