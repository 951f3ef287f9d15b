// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which models find out that an ordering is weakened, or that a lock is none, and what they say.

use crate::explore::Model;
use crate::{counts, latches, locks, pairs, seqlocks, versions, waits};

const TORN: &str = "torn read";
const OF_ANOTHER_VERSION: &str = "the value is of another version";
const TWO_INSIDE: &str = "Causality violation";
const NOT_ACQUIRED: &str = "a change without what came before it";
const ASLEEP_FOR_EVER: &str = "deadlock";

/// An ordering by its name in `order.rs`, a model that fails without it, and the model's complaint.
pub(crate) type Row = (&'static str, &'static Model, &'static str);

/// Each ordering has a row, and so has each model: none of them holds whatever the code does.
pub(crate) const WITHOUT_AN_ORDERING: &[Row] = &[
    ("begin", &counts::ONE_WRITE, TORN),
    ("begin", &counts::RAW_BEGIN, TORN),
    ("begin", &counts::READ_UNTIL_WHOLE, TORN),
    ("begin", &counts::BARRIER, "no door is open: (0, 0) at 2"),
    ("begin", &latches::COUNT, TORN),
    ("begin", &seqlocks::READ, TORN),
    ("begin", &versions::VERSION_THEN_READ, "an older value than the version before it"),
    ("begin", &versions::IF_CHANGED, "the last value was missed"),
    ("begin", &waits::TWO_PUBLISHES, ASLEEP_FOR_EVER),
    ("begin", &pairs::TWO_WRITES, TORN),
    ("odd", &versions::WAIT_ACQUIRES, NOT_ACQUIRED),
    ("odd", &versions::VERSION_ACQUIRES, NOT_ACQUIRED),
    ("even", &counts::ONE_WRITE, TORN),
    ("even", &pairs::TWO_WRITES, TORN),
    ("even", &pairs::STILL_CURRENT, TORN),
    ("even", &pairs::DEATH_IN_THE_FIRST, TORN),
    ("even", &counts::COUNT_OF_32_BITS, TORN),
    ("even", &counts::WITH_LOCK, TORN),
    ("even", &seqlocks::ONE_WRITER, TORN),
    ("even", &seqlocks::READ_OR_LOCK, TORN),
    ("even", &versions::VERSIONED, OF_ANOTHER_VERSION),
    ("even", &waits::TWO_WRITERS, ASLEEP_FOR_EVER),
    ("even", &waits::TWO_WAITERS, ASLEEP_FOR_EVER),
    ("even", &waits::ROUNDS, ASLEEP_FOR_EVER),
    ("fence_odd", &counts::ONE_WRITE, TORN),
    ("fence_odd", &counts::COUNT_OF_64_BITS, TORN),
    ("fence_odd", &seqlocks::SPLIT, TORN),
    ("fence_odd", &seqlocks::STORED_BEFORE, "what was stored before a write came after it"),
    ("fence_odd", &pairs::TWO_WRITES, TORN),
    ("fence_odd", &pairs::DEATH_IN_THE_SECOND, TORN),
    ("fence_retry", &pairs::TWO_WRITES, TORN),
    ("fence_retry", &pairs::DEATH_FOR_GOOD, TORN),
    ("fence_retry", &counts::TWO_WRITES, TORN),
    ("fence_retry", &counts::BARRIER, "no door is open: (0, 0) at 0"),
    ("fence_retry", &counts::INVALIDATE, "an open read came to a good end"),
    ("fence_retry", &latches::TWO_WRITERS, OF_ANOTHER_VERSION),
    ("fence_retry", &seqlocks::FIELDS, TORN),
    ("fence_retry", &seqlocks::TWO_WRITERS, TORN),
    ("fence_barrier", &counts::BARRIER, "no door is open"),
    ("fence_invalidate", &counts::INVALIDATE, "an old value after it"),
    // The first write has nothing to order before its odd count; the second one has.
    ("latch_odd", &latches::COUNT, TORN),
    ("latch_odd", &latches::READ, TORN),
    ("latch_even", &latches::COUNT, TORN),
    ("latch_even", &latches::VERSIONS, OF_ANOTHER_VERSION),
    // Readers trust the other slot at an odd count: only its own Release brings that slot along.
    ("pair_odd", &pairs::TWO_WRITES, TORN),
    ("pair_odd", &pairs::DEATH_FOR_GOOD, TORN),
    ("pair_odd", &pairs::DEATH_IN_THE_SECOND, TORN),
    ("fence_latch_odd", &latches::COUNT, TORN),
    ("fence_latch_odd", &latches::READ, TORN),
    ("fence_latch_even", &latches::COUNT, TORN),
    ("fence_latch_even", &latches::VERSIONS, OF_ANOTHER_VERSION),
    ("lock_taken", &locks::SPIN, TWO_INSIDE),
    ("lock_taken", &seqlocks::READ_EXCL, TORN),
    ("lock_taken", &seqlocks::TRY_WRITE, TWO_INSIDE),
    ("lock_taken", &waits::ONE_PUBLISH, ASLEEP_FOR_EVER),
    ("lock_freed", &locks::SPIN, TWO_INSIDE),
    ("lock_freed", &seqlocks::TRY_READ_EXCL, TORN),
    ("lock_freed", &seqlocks::TWO_UPDATES, TWO_INSIDE),
    ("lock_freed", &waits::ONE_PUBLISH, ASLEEP_FOR_EVER),
];

/// What happens if a step is made under no lock.
pub(crate) const WITHOUT_A_LOCK: &[(&Model, &str)] = &[
    (&seqlocks::TWO_WRITERS_WITHOUT_LOCK, TWO_INSIDE),
    (&seqlocks::READ_EXCL_WITHOUT_LOCK, TORN),
    (&seqlocks::READ_OR_LOCK_WITHOUT_LOCK, TORN),
    (&waits::WITHOUT_LOCK, ASLEEP_FOR_EVER),
];
