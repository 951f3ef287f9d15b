// SPDX-License-Identifier: MIT OR Apache-2.0
//! The models that fail when an ordering is weakened, or when a lock does not exclude, and their messages.

use crate::explore::Model;
use crate::{
    blocking, changes, counts, fair, latches, locks, pages, pairs, parking, seqlocks, tables,
    versions, waits,
};

const TORN: &str = "torn read";
const OF_ANOTHER_VERSION: &str = "the value is of another version";
const RACE: &str = "data race";
const NOT_ACQUIRED: &str = "a change without what came before it";
const SLEEPS_FOR_EVER: &str = "a thread sleeps for ever";

/// An ordering by its name in `order.rs`, a model that fails without it, and the message of that failure.
pub(crate) type Row = (&'static str, &'static Model, &'static str);

/// Each ordering has a row, and each model has one, so that each model can fail.
pub(crate) const WITHOUT_AN_ORDERING: &[Row] = &[
    ("begin", &counts::ONE_WRITE, TORN),
    ("begin", &counts::RAW_BEGIN, TORN),
    ("begin", &counts::READ_UNTIL_WHOLE, TORN),
    ("begin", &counts::BARRIER, "no door is open: (0, 0) at 2"),
    ("begin", &latches::COUNT, TORN),
    ("begin", &pairs::DEATHS, TORN),
    ("begin", &pairs::CURRENT, TORN),
    ("begin", &seqlocks::READ, TORN),
    ("begin", &versions::VERSION_THEN_READ, "an older value than the version before it"),
    ("begin", &versions::IF_CHANGED, "a change that was none"),
    ("begin", &versions::VERSION_ACQUIRES, NOT_ACQUIRED),
    ("begin", &versions::WAIT_ACQUIRES, NOT_ACQUIRED),
    ("begin", &versions::GENERATION_ACQUIRES, NOT_ACQUIRED),
    ("odd", &versions::VERSION_ACQUIRES, NOT_ACQUIRED),
    ("odd", &versions::WAIT_ACQUIRES, NOT_ACQUIRED),
    ("odd", &versions::BARRIER_CARRIES, NOT_ACQUIRED),
    ("even", &counts::ONE_WRITE, TORN),
    ("even", &counts::COUNT_OF_32_BITS, TORN),
    ("even", &counts::TWO_READERS, TORN),
    ("even", &counts::WITH_LOCK, TORN),
    ("even", &pairs::DEATHS, TORN),
    ("even", &seqlocks::ONE_WRITER, TORN),
    ("even", &seqlocks::READ_OR_LOCK, TORN),
    ("even", &versions::VERSIONED, OF_ANOTHER_VERSION),
    ("fence_odd", &counts::ONE_WRITE, TORN),
    ("fence_odd", &counts::COUNT_OF_64_BITS, TORN),
    ("fence_odd", &pairs::DEATHS, TORN),
    ("fence_odd", &seqlocks::SPLIT, TORN),
    ("fence_odd", &seqlocks::STORED_BEFORE, "what was stored before a write came after it"),
    ("fence_retry", &counts::TWO_WRITES, TORN),
    ("fence_retry", &counts::BARRIER, "no door is open: (0, 0) at 0"),
    ("fence_retry", &counts::INVALIDATE, "an open read succeeded"),
    ("fence_retry", &latches::TWO_WRITERS, OF_ANOTHER_VERSION),
    ("fence_retry", &pairs::DEATHS, TORN),
    ("fence_retry", &seqlocks::FIELDS, TORN),
    ("fence_retry", &seqlocks::TWO_WRITERS, TORN),
    ("fence_barrier", &counts::BARRIER, "no door is open"),
    ("fence_invalidate", &counts::INVALIDATE, "an old value after it"),
    ("fence_invalidate", &versions::INVALIDATE_CARRIES, NOT_ACQUIRED),
    // The first write has nothing to order before its odd count; the second one has.
    ("latch_odd", &latches::COUNT, TORN),
    ("latch_odd", &latches::READ, TORN),
    ("latch_even", &latches::INTERRUPTED, TORN),
    ("latch_even", &latches::VERSIONS, OF_ANOTHER_VERSION),
    ("fence_latch_odd", &latches::COUNT, TORN),
    ("fence_latch_odd", &latches::READ, TORN),
    ("fence_latch_even", &latches::COUNT, TORN),
    ("fence_latch_even", &latches::VERSIONS, OF_ANOTHER_VERSION),
    // Readers use the other slot at an odd count: only the Release of that count makes the slot visible.
    ("pair_odd", &pairs::DEATHS, TORN),
    ("pair_odd", &pairs::CURRENT, TORN),
    ("pair_odd", &versions::GENERATION_ACQUIRES, NOT_ACQUIRED),
    ("lock_taken", &locks::SPIN, RACE),
    ("lock_taken", &fair::REQUEST, RACE),
    ("lock_taken", &pairs::DEATHS, TORN),
    ("lock_taken", &seqlocks::READ_EXCL, TORN),
    ("lock_taken", &seqlocks::TRY_WRITE, "a write section is already open"),
    ("lock_freed", &locks::SPIN, RACE),
    ("lock_freed", &fair::TWO_REQUESTS, RACE),
    ("lock_freed", &pairs::DEATHS, TORN),
    ("lock_freed", &seqlocks::TRY_READ_EXCL, TORN),
    ("lock_freed", &seqlocks::TWO_UPDATES, "a write section is already open"),
    ("lock_taken", &parking::TWO_WRITERS, RACE),
    ("lock_freed", &parking::READER_AND_WRITER, RACE),
    ("lock_taken", &parking::FAIR_WAKE_UP, RACE),
    ("fence_publish", &parking::TWO_WRITERS, SLEEPS_FOR_EVER),
    ("fence_publish", &parking::READER_AND_WRITER, SLEEPS_FOR_EVER),
    ("fence_announce", &parking::TWO_WRITERS, SLEEPS_FOR_EVER),
    ("begin", &changes::LAST, "the last value was missed"),
    ("even", &changes::LAST, "the last value was missed"),
    ("even", &blocking::READ_UNDER_IT, TORN),
    ("even", &blocking::WAIT, SLEEPS_FOR_EVER),
    ("even", &pairs::FIRST_WRITE, TORN),
    ("even", &pages::NEW_PAGE, TORN),
    ("fence_odd", &pages::NEW_PAGE, TORN),
    ("pair_odd", &pairs::NO_SUCCESSOR, TORN),
    ("fence_retry", &pairs::NO_SUCCESSOR, TORN),
    ("fence_odd", &pairs::NO_SUCCESSOR, TORN),
    ("even", &pairs::NEWEST, TORN),
    ("pair_odd", &pairs::NEWEST, TORN),
    ("fence_retry", &pairs::NEWEST, TORN),
    ("fence_odd", &pairs::NEWEST, TORN),
    ("even", &pairs::RENEWED, TORN),
    ("pair_odd", &pairs::RENEWED, TORN),
    ("fence_retry", &pairs::RENEWED, TORN),
    ("fence_odd", &pairs::RENEWED, TORN),
    // What a tick commits comes before the fence of its page's odd count, so a row needs no Release of an even one.
    ("begin", &tables::VERSIONS, TORN),
    ("pair_odd", &tables::VERSIONS, TORN),
    ("fence_odd", &tables::VERSIONS, TORN),
    ("fence_retry", &tables::VERSIONS, TORN),
    ("begin", &tables::SNAPSHOT, TORN),
    ("begin", &tables::DEATHS, TORN),
    ("lock_freed", &tables::DEATHS, TORN),
    ("fence_publish", &waits::ONE_PUBLISH, SLEEPS_FOR_EVER),
    ("fence_publish", &waits::TWO_PUBLISHES, SLEEPS_FOR_EVER),
    ("fence_publish", &waits::WITHOUT_LOCK, SLEEPS_FOR_EVER),
    ("fence_publish", &waits::TWO_WAITERS, SLEEPS_FOR_EVER),
    ("fence_announce", &waits::ONE_PUBLISH, SLEEPS_FOR_EVER),
    ("fence_announce", &waits::TWO_PUBLISHES, SLEEPS_FOR_EVER),
    ("fence_announce", &waits::TWO_WRITERS, SLEEPS_FOR_EVER),
    ("fence_announce", &waits::ROUNDS, SLEEPS_FOR_EVER),
    // No row for the Release and the Acquire of `LISTENERS.changed` in `wake/listeners.rs`, which is no
    // row of `order.rs` either: RC11 forbids the execution without them, too. A task is missed if the
    // waking thread takes its bucket before the task registers its waker there. Then the exchange of that
    // thread happens before the task's announcement, the writer reads that, sets the bit, and the exchange
    // reads the bit: a cycle in `sb | rf` (`litmus/c/P8-listeners-relaxed.litmus`). Processors, and the
    // standard, allow such executions. That the task, once it is called, finds the version comes from the
    // two fences (`P8-listeners-hop.litmus`, and `P8-mistake-listeners-no-fence.litmus` without them).
];

/// The models that fail if a step is made without the lock.
pub(crate) const WITHOUT_A_LOCK: &[(&Model, &str)] = &[
    (&fair::WITHOUT_LOCK, RACE),
    (&seqlocks::TWO_WRITERS_WITHOUT_LOCK, TORN),
    (&seqlocks::READ_EXCL_WITHOUT_LOCK, TORN),
    (&seqlocks::READ_OR_LOCK_WITHOUT_LOCK, TORN),
    (&pages::IN_PLACE, TORN),
    (&tables::WITHOUT_ROLL_BACK, TORN),
    (&pages::WITHOUT_GAP, "an older generation"),
];
