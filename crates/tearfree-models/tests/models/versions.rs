// SPDX-License-Identifier: MIT OR Apache-2.0
//! Versions: which write a value is of, and whether there is a newer one.

use tearfree::lock::SpinLock;

use crate::explore::{Model, generation};
use crate::seqlocks::writes;

pub(crate) const VERSIONED: Model = Model {
    name: "versions, versioned read",
    explore: |complaint| {
        writes::<1, SpinLock>(1..=2)
            .thread(|lock| {
                let (value, version) = lock.read_versioned();
                let told = format!("{} {version:?}", generation(value));
                let is_right = ["0 Version(0)", "1 Version(2)", "2 Version(4)"].contains(&&*told);
                assert!(is_right, "the value is of another version: {told}");
                told
            })
            .look_for(complaint)
    },
    outcomes: &["0 Version(0)", "1 Version(2)", "2 Version(4)"],
};

/// A look at the version, while a write is open too, names a write that is over; a read that follows
/// is not older.
pub(crate) const VERSION_THEN_READ: Model = Model {
    name: "versions, look and then read",
    explore: |complaint| {
        writes::<1, SpinLock>(1..=1)
            .thread(|lock| {
                let looked = match format!("{:?}", lock.version()).as_str() {
                    "Version(0)" => 0,
                    "Version(2)" => 1,
                    open => panic!("a version of no value: {open}"),
                };
                let read = lock.try_read().map(generation);
                let is_newer = read.is_none_or(|read| read >= looked);
                assert!(is_newer, "an older value than the version before it");
                format!("{looked}, then {read:?}")
            })
            .look_for(complaint)
    },
    outcomes: &["0, then None", "0, then Some(0)", "0, then Some(1)", "1, then Some(1)"],
};

pub(crate) const IF_CHANGED: Model = Model {
    name: "versions, read if changed",
    explore: |complaint| {
        writes::<1, SpinLock>(1..=2)
            .thread(|lock| {
                let (first, mut seen) = lock.read_versioned();
                let next = lock.read_if_changed(&mut seen).map(generation);
                let is_newer = next.is_none_or(|next| next > generation(first));
                assert!(is_newer, "a change that was none");
                format!("{}, then {next:?}", generation(first))
            })
            .look_for(complaint)
    },
    outcomes: &[
        "0, then None",
        "0, then Some(1)",
        "0, then Some(2)",
        "1, then None",
        "1, then Some(2)",
        "2, then None",
    ],
};
