// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqLock` with a lock whose waiters sleep, so that no execution is cut where a writer finds it taken.

use crate::explore::Model;
use crate::locks::Blocking;
use crate::seqlocks::{READ_OR_LOCK, read_or_lock};
use crate::waits::{ONE_PUBLISH, one_writer};

pub(crate) const READ_UNDER_IT: Model = Model {
    name: "blocking lock, read or lock",
    explore: read_or_lock::<Blocking>,
    ..READ_OR_LOCK
};

pub(crate) const WAIT: Model = Model {
    name: "blocking lock, wait",
    explore: |complaint| one_writer::<Blocking>(1, complaint),
    ..ONE_PUBLISH
};
