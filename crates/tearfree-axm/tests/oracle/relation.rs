// SPDX-License-Identifier: MIT OR Apache-2.0
//! Relations as the paper uses them, and lists of all choices.

/// Rows of bits: bit `b` of row `a` relates `a` to `b`.
pub(crate) type Relation = Vec<u64>;

pub(crate) fn sequence(first: &Relation, second: &Relation) -> Relation {
    let step = |row: u64, b: usize| if row >> b & 1 == 1 { second[b] } else { 0 };
    let reached = |&row: &u64| (0..second.len()).fold(0, |all, b| all | step(row, b));
    first.iter().map(reached).collect()
}

pub(crate) fn union(relations: &[&Relation]) -> Relation {
    let count = relations[0].len();
    (0..count).map(|a| relations.iter().fold(0, |row, relation| row | relation[a])).collect()
}

pub(crate) fn transitive(relation: &Relation) -> Relation {
    let mut all = relation.clone();
    loop {
        let more = union(&[&all, &sequence(&all, relation)]);
        if more == all {
            return all;
        }
        all = more;
    }
}

pub(crate) fn is_irreflexive(relation: &Relation) -> bool {
    relation.iter().enumerate().all(|(a, row)| row >> a & 1 == 0)
}

pub(crate) fn is_acyclic(relation: &Relation) -> bool {
    is_irreflexive(&transitive(relation))
}

pub(crate) fn reflexive(relation: &Relation) -> Relation {
    relation.iter().enumerate().map(|(a, row)| row | 1 << a).collect()
}

pub(crate) fn chain(relations: &[&Relation]) -> Relation {
    relations[1..].iter().fold(relations[0].clone(), |all, next| sequence(&all, next))
}

/// Returns every way to take one of each list.
pub(crate) fn choices<T: Clone>(lists: &[Vec<T>]) -> Vec<Vec<T>> {
    let Some((first, rest)) = lists.split_first() else { return vec![Vec::new()] };
    let rest = choices(rest);
    let with =
        |one: &T| rest.iter().map(|more| [vec![one.clone()], more.clone()].concat()).collect();
    first.iter().flat_map(|one| -> Vec<Vec<T>> { with(one) }).collect()
}

/// Returns every order of the writes in which the initial one comes first.
pub(crate) fn orders(writes: &[usize]) -> Vec<Vec<usize>> {
    let mut all = vec![vec![writes[0]]];
    for &write in &writes[1..] {
        let inserted = |order: &Vec<usize>| {
            let at = |at: usize| {
                let mut order = order.clone();
                order.insert(at, write);
                order
            };
            (1..=order.len()).map(at).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(inserted).collect();
    }
    all
}
