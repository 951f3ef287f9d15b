// SPDX-License-Identifier: MIT OR Apache-2.0
//! Several threads on one lock.

use super::{Bench, Case, Workload};
use crate::contestant::Contestant;
use crate::machine::cores;
use crate::payload::{EverySize, Payload, Words, few_sizes};
use crate::peers::{EveryContestant, every_contestant_and_form};
use crate::race::{One, Racer, Role};

/// The case of one writer that never rests.
pub(crate) const ONE_WRITER: &str = "1 writer";

pub(super) const BESIDE: Workload = Workload {
    name: "beside",
    about: "readers beside a writer that never rests, a thread for each core",
    cases: || 3,
    run: |bench| {
        let readers = (cores() - 1).max(1);
        race_at_few_sizes(bench, BESIDE.name, ONE_WRITER, &one_writer_and(readers));
    },
};

pub(super) const OVERSUBSCRIBED: Workload = Workload {
    name: "oversubscribed",
    about: "four threads for each core: readers beside a restless writer, and all mixed 90/10",
    cases: || 6,
    run: |bench| {
        let threads = 4 * cores();
        race_at_few_sizes(bench, OVERSUBSCRIBED.name, ONE_WRITER, &one_writer_and(threads - 1));
        race_at_few_sizes(bench, OVERSUBSCRIBED.name, "mixed 90/10", &mixed(10, threads));
    },
};

pub(super) const MIX: Workload = Workload {
    name: "mix",
    about: "every thread reads and writes, 90/10 and 50/50, a thread for each core",
    cases: || 6,
    run: |bench| {
        race_at_few_sizes(bench, MIX.name, "90/10", &mixed(10, cores()));
        race_at_few_sizes(bench, MIX.name, "50/50", &mixed(50, cores()));
    },
};

pub(super) const READERS: Workload = Workload {
    name: "readers",
    about: "more and more readers of 64 bytes beside a writer of 1000 values a second",
    cases: || reader_counts().len(),
    run: |bench| {
        for readers in reader_counts() {
            let mut roles = vec![Role::Reader; readers];
            roles.push(Role::CalmWriter);
            race_at::<Words<u64, 8>>(bench, READERS.name, &readers.to_string(), &roles);
        }
    },
};

/// 1, 2, 4 and so on, to twice the number of cores.
fn reader_counts() -> Vec<usize> {
    core::iter::successors(Some(1), |count| Some(count * 2))
        .take_while(|&count| count <= 2 * cores())
        .collect()
}

fn one_writer_and(readers: usize) -> Vec<Role> {
    let mut roles = vec![Role::Reader; readers];
    roles.push(Role::RestlessWriter);
    roles
}

fn mixed(writes: u32, threads: usize) -> Vec<Role> {
    vec![Role::Mixed { writes }; threads]
}

fn race_at_few_sizes(bench: &mut Bench, workload: &'static str, case: &str, roles: &[Role]) {
    few_sizes(&mut AtFewSizes { bench, workload, case, roles });
}

struct AtFewSizes<'a> {
    bench: &'a mut Bench,
    workload: &'static str,
    case: &'a str,
    roles: &'a [Role],
}

impl EverySize for AtFewSizes<'_> {
    fn size<T: Payload>(&mut self) {
        race_at::<T>(self.bench, self.workload, self.case, self.roles);
    }
}

fn race_at<T: Payload>(bench: &mut Bench, workload: &'static str, case: &str, roles: &[Role]) {
    let mut racers = Racers(Vec::new());
    every_contestant_and_form::<T>(&mut racers);
    racers.0.retain(|racer| racer.allows(roles));
    let case = Case { workload, name: case.into(), bytes: size_of::<T>() };
    bench.race(&case, roles, &racers.0);
}

struct Racers(Vec<Box<dyn Racer>>);

impl<T: Payload> EveryContestant<T> for Racers {
    fn contestant<C: Contestant<T> + Send + Sync + 'static>(&mut self) {
        self.0.push(Box::new(One::<T, C>::new()));
    }
}

#[cfg(test)]
mod tests {
    use super::{Racers, Role, Words, every_contestant_and_form, mixed, one_writer_and};

    fn allowed(roles: &[Role]) -> Vec<&'static str> {
        let mut racers = Racers(Vec::new());
        every_contestant_and_form::<Words<u64, 2>>(&mut racers);
        let allowed = racers.0.iter().filter(|racer| racer.allows(roles));
        allowed.map(|racer| racer.name()).collect()
    }

    #[test]
    fn a_contestant_is_left_out_where_it_would_need_more_threads_than_it_allows() {
        let [one, two, all] = [one_writer_and(1), one_writer_and(2), mixed(10, 2)];
        let is_in = |name| [&one, &two, &all].map(|roles| allowed(roles).contains(&name));
        assert_eq!(is_in("tearfree"), [true, true, true]);
        assert_eq!(is_in("portable-atomic"), [true, true, true]);
        assert_eq!(is_in("tearfree split"), [true, true, false]);
        assert_eq!(is_in("triple_buffer"), [true, false, false]);
        assert_eq!(is_in("nexus-slot"), [false, false, false]);
    }
}
