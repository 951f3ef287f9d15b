// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqLatch`: after any history, the value and the version are those of the model.

use core::fmt::Debug;

use proptest::prelude::*;
use tearfree::lock::{SpinLock, WriterLock};
use tearfree::{DefaultLock, SeqLatch};

use crate::support::payload::{Bytes, Line, Mixed, SelfChecking, Words};
use crate::support::{Watchdog, panics};
use crate::{Versions, config};

#[derive(Clone, Copy, Debug)]
enum Step {
    Set(u64),
    Update(u64),
    UpdateThatPanics(u64),
    IntoInner,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let value = || any::<u64>().prop_map(|n| n >> 16);
    let step = prop_oneof![
        value().prop_map(Step::Set),
        value().prop_map(Step::Update),
        value().prop_map(Step::UpdateThatPanics),
        Just(Step::IntoInner),
    ];
    prop::collection::vec(step, 1..crate::MOST_STEPS)
}

fn follows_the_model<T: SelfChecking + PartialEq + Debug, L: WriterLock>(steps: &[Step]) {
    let mut latch = SeqLatch::<T, L>::from(T::new(0));
    let (mut value, mut version, mut versions) = (T::new(0), 0, Versions::default());
    for &step in steps {
        match step {
            Step::Set(n) => {
                latch.set(T::new(n));
                (value, version) = (T::new(n), version + 1);
            }
            Step::Update(n) => {
                assert_eq!(latch.update(|value| core::mem::replace(value, T::new(n))), value);
                (value, version) = (T::new(n), version + 1);
            }
            Step::UpdateThatPanics(n) => assert!(panics(|| latch.update(|value| {
                *value = T::new(n);
                panic!("planned by the history");
            }))),
            Step::IntoInner => {
                let whole = core::mem::replace(&mut latch, SeqLatch::from(value));
                assert_eq!(whole.into_inner(), value);
                (version, versions) = (0, Versions::default());
            }
        }
        assert_eq!((latch.read(), latch.read_versioned().0), (value, value));
        assert_eq!(latch.read_versioned().1, latch.version());
        versions.check(version, latch.version());
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_latch_follows_its_model(steps in steps()) {
        let _watchdog = Watchdog::over("a_latch_follows_its_model");
        follows_the_model::<Bytes<3>, DefaultLock>(&steps);
        follows_the_model::<Bytes<17>, SpinLock>(&steps);
        follows_the_model::<Bytes<129>, DefaultLock>(&steps);
        follows_the_model::<Words<40>, DefaultLock>(&steps);
        follows_the_model::<Line, SpinLock>(&steps);
        follows_the_model::<Mixed, DefaultLock>(&steps);
    }
}
