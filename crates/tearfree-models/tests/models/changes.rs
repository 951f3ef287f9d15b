// SPDX-License-Identifier: MIT OR Apache-2.0
//! Polls: the last change is seen once the writer is known to be done.

use core::sync::atomic::Ordering::{Acquire, Release};

use tearfree::lock::SpinLock;
use tearfree_axm::{AtomicBool, Program};

use crate::explore::{Model, generation};
use crate::seqlocks::shared;

pub(crate) const LAST: Model = Model {
    name: "changes, the last one",
    explore: |complaint| {
        Program::new((shared::<1, SpinLock>(), AtomicBool::new(false)))
            .silent(|(lock, is_done)| {
                (1..=2).for_each(|generation| lock.set([generation]));
                is_done.store(true, Release);
            })
            .thread(|(lock, is_done)| {
                let (first, mut seen) = lock.read_versioned();
                let beside = lock.read_if_changed(&mut seen).map(generation);
                if !is_done.load(Acquire) {
                    return "too early".to_owned();
                }
                let after = lock.read_if_changed(&mut seen).map(generation);
                let last = after.or(beside).unwrap_or(generation(first));
                assert_eq!(last, 2, "the last value was missed");
                assert_eq!(seen, lock.version(), "a change was missed");
                assert_eq!(lock.read_if_changed(&mut seen), None, "a change that was none");
                format!("{} {beside:?} {after:?}", generation(first))
            })
            .look_for(complaint)
    },
    outcomes: &[
        "0 None Some(2)",
        "0 Some(1) Some(2)",
        "0 Some(2) None",
        "1 None Some(2)",
        "1 Some(2) None",
        "2 None None",
        "too early",
    ],
};
