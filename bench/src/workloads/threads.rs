// SPDX-License-Identifier: MIT OR Apache-2.0
//! Several threads on one lock.

use crate::contestant::{Contestant, EveryContestant};
use crate::machine::cores;
use crate::payload::{EverySize, Payload, Words, few_sizes};
use crate::peers::every_contestant_and_our_others;
use crate::runner::{Bench, Case, Workload};
use crate::throughput::{Role, SharedLock, ThreadWork};

/// The case of one writer that never pauses.
pub(crate) const ONE_WRITER: &str = "1 writer";

pub(super) const BESIDE: Workload = Workload {
    name: "beside",
    about: "readers beside a writer that never pauses, a thread for each core",
    cases: || 3,
    run: |bench| {
        let readers = (cores() - 1).max(1);
        compare_at_few_sizes(bench, BESIDE.name, ONE_WRITER, &one_writer_and(readers));
    },
};

pub(super) const OVERSUBSCRIBED: Workload = Workload {
    name: "oversubscribed",
    about: "four threads for each core: readers beside a busy writer, and all mixed 90/10",
    cases: || 6,
    run: |bench| {
        let threads = 4 * cores();
        compare_at_few_sizes(bench, OVERSUBSCRIBED.name, ONE_WRITER, &one_writer_and(threads - 1));
        compare_at_few_sizes(bench, OVERSUBSCRIBED.name, "mixed 90/10", &mixed(10, threads));
    },
};

pub(super) const MIX: Workload = Workload {
    name: "mix",
    about: "every thread reads and writes, 90/10 and 50/50, a thread for each core",
    cases: || 6,
    run: |bench| {
        compare_at_few_sizes(bench, MIX.name, "90/10", &mixed(10, cores()));
        compare_at_few_sizes(bench, MIX.name, "50/50", &mixed(50, cores()));
    },
};

pub(super) const READERS: Workload = Workload {
    name: "readers",
    about: "1, 2, 4 ... readers of 64 bytes beside a writer of 1000 values a second",
    cases: || reader_counts().len(),
    run: |bench| {
        for readers in reader_counts() {
            let mut roles = vec![Role::Reader; readers];
            roles.push(Role::SlowWriter);
            compare_at::<Words<u64, 8>>(bench, READERS.name, &readers.to_string(), &roles);
        }
    },
};

/// Returns 1, 2, 4 and so on, to twice the number of cores.
fn reader_counts() -> Vec<usize> {
    core::iter::successors(Some(1), |count| Some(count * 2))
        .take_while(|&count| count <= 2 * cores())
        .collect()
}

fn one_writer_and(readers: usize) -> Vec<Role> {
    let mut roles = vec![Role::Reader; readers];
    roles.push(Role::BusyWriter);
    roles
}

fn mixed(writes: u32, threads: usize) -> Vec<Role> {
    vec![Role::Mixed { writes }; threads]
}

fn compare_at_few_sizes(bench: &mut Bench, workload: &'static str, case: &str, roles: &[Role]) {
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
        compare_at::<T>(self.bench, self.workload, self.case, self.roles);
    }
}

fn compare_at<T: Payload>(bench: &mut Bench, workload: &'static str, case: &str, roles: &[Role]) {
    let mut contestants = Contestants(Vec::new());
    every_contestant_and_our_others::<T>(&mut contestants);
    contestants.0.retain(|contestant| contestant.allows(roles));
    let case = Case { workload, name: case.into(), bytes: size_of::<T>() };
    bench.compare_threads(&case, roles, &contestants.0);
}

struct Contestants(Vec<Box<dyn ThreadWork>>);

impl<T: Payload> EveryContestant<T> for Contestants {
    fn contestant<C: Contestant<T> + Send + Sync + 'static>(&mut self) {
        self.0.push(Box::new(SharedLock::<T, C>::new()));
    }
}

#[cfg(test)]
mod tests {
    use super::{Contestants, Role, Words, every_contestant_and_our_others, mixed, one_writer_and};

    fn allowed(roles: &[Role]) -> Vec<&'static str> {
        let mut contestants = Contestants(Vec::new());
        every_contestant_and_our_others::<Words<u64, 2>>(&mut contestants);
        let allowed = contestants.0.iter().filter(|contestant| contestant.allows(roles));
        allowed.map(|contestant| contestant.name()).collect()
    }

    #[test]
    fn a_contestant_is_left_out_where_it_does_not_allow_enough_threads() {
        let [one, two, all] = [one_writer_and(1), one_writer_and(2), mixed(10, 2)];
        let is_in = |name| [&one, &two, &all].map(|roles| allowed(roles).contains(&name));
        assert_eq!(is_in("tearfree"), [true, true, true]);
        assert_eq!(is_in("portable-atomic"), [true, true, true]);
        assert_eq!(is_in("tearfree split"), [true, true, false]);
        assert_eq!(is_in("triple_buffer"), [true, false, false]);
        assert_eq!(is_in("nexus-slot"), [false, false, false]);
    }
}
