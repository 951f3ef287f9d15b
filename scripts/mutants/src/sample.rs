// SPDX-License-Identifier: MIT OR Apache-2.0
//! A sample of the mutants. Consecutive seeds give consecutive samples, so that each mutant has its turn.

use core::hash::Hasher;

use crate::list::Mutant;

/// How many mutants, and which.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) count: usize,
    pub(crate) seed: u64,
}

impl Sample {
    /// Selects mutants that are not slow, in the order of the lists. The same seed selects the same ones.
    pub(crate) fn select(&self, mutants: Vec<Mutant>) -> Vec<Mutant> {
        let fast: Vec<Mutant> = mutants.into_iter().filter(|mutant| !mutant.slow).collect();
        let mut order: Vec<usize> = (0..fast.len()).collect();
        // Mixed, so that a sample has mutants of several parts.
        order.sort_by_key(|&index| (hash(&fast[index]), index));
        let length = order.len().max(1);
        let start = (self.seed % length as u64) as usize * self.count % length;
        let mut chosen: Vec<usize> =
            order.iter().cycle().skip(start).take(self.count.min(order.len())).copied().collect();
        chosen.sort_unstable();
        chosen.into_iter().map(|index| fast[index].clone()).collect()
    }
}

/// FNV-1a: the same number on every machine and with every compiler, which `DefaultHasher` does not promise.
struct Fnv(u64);

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

fn hash(mutant: &Mutant) -> u64 {
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    hasher.write(mutant.part.as_bytes());
    hasher.write(b"/");
    hasher.write(mutant.name.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn mutants() -> Vec<Mutant> {
        let named = |index| Mutant { name: format!("fault-{index}"), ..Mutant::default() };
        let slow = Mutant { name: "slow".into(), slow: true, ..Mutant::default() };
        (0..50).map(named).chain([slow]).collect()
    }

    fn names(count: usize, seed: u64) -> Vec<String> {
        let selected = Sample { count, seed }.select(mutants());
        selected.into_iter().map(|mutant| mutant.name).collect()
    }

    #[test]
    fn a_seed_selects_the_same_mutants_again_and_another_seed_others() {
        assert_eq!(names(12, 7), names(12, 7));
        let both: HashSet<_> = names(12, 7).into_iter().chain(names(12, 8)).collect();
        assert_eq!(both.len(), 24);
    }

    #[test]
    fn consecutive_seeds_select_every_mutant_that_is_not_slow() {
        for first in [0, 20_000, u64::MAX - 5] {
            let all: HashSet<_> = (first..first + 5).flat_map(|seed| names(12, seed)).collect();
            assert_eq!(all.len(), 50, "seeds from {first}");
            assert!(!all.contains("slow"));
        }
    }

    #[test]
    fn a_sample_is_mixed_and_no_larger_than_the_list() {
        assert_eq!(names(1000, 3).len(), 50);
        assert_ne!(names(12, 0), (0..12).map(|index| format!("fault-{index}")).collect::<Vec<_>>());
        assert_eq!(Sample { count: 3, seed: 3 }.select(Vec::new()).len(), 0);
    }
}
