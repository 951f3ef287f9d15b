// SPDX-License-Identifier: MIT OR Apache-2.0
//! The shipped code in every execution that RC11 allows.
//!
//! `cargo test -p tearfree-models -- --nocapture` prints each model's executions and outcomes, and for each
//! weakened ordering the models that find it.

extern crate tearfree_models as tearfree;

use std::collections::BTreeSet;

use explore::{fails, holds};
use tearfree::model::MUTANTS;

#[path = "models/blocking.rs"]
mod blocking;
#[path = "models/changes.rs"]
mod changes;
#[path = "../../tearfree-table/src/choose.rs"]
mod choose;
#[path = "models/counts.rs"]
mod counts;
#[path = "models/explore.rs"]
mod explore;
#[path = "models/fair.rs"]
mod fair;
#[path = "models/latches.rs"]
mod latches;
#[path = "models/locks.rs"]
mod locks;
#[path = "models/mutants.rs"]
mod mutants;
#[path = "models/pages.rs"]
mod pages;
#[path = "models/pairs.rs"]
mod pairs;
#[path = "models/parking.rs"]
mod parking;
#[path = "models/seqlocks.rs"]
mod seqlocks;
#[path = "models/tables.rs"]
mod tables;
#[path = "models/versions.rs"]
mod versions;
#[path = "models/waits.rs"]
mod waits;

/// Declares a test for each model, named after the property that holds.
macro_rules! models {
    ($($property:ident: $model:path;)*) => {
        $(#[test] fn $property() { holds(&$model); })*

        #[test]
        fn each_model_fails_without_some_ordering() {
            let caught = mutants::WITHOUT_AN_ORDERING.iter().map(|(_, model, _)| model.name);
            let caught: BTreeSet<&str> = caught.collect();
            for model in [$(&$model),*] {
                assert!(caught.contains(model.name), "{}: no weakened ordering makes it fail: add a row to `mutants.rs`", model.name);
            }
        }
    };
}

models! {
    a_validated_read_is_of_the_write_that_its_count_names: counts::ONE_WRITE;
    a_second_write_changes_nothing_about_that: counts::TWO_WRITES;
    two_readers_do_not_disturb_each_other: counts::TWO_READERS;
    a_count_of_32_bits_is_a_count: counts::COUNT_OF_32_BITS;
    a_count_of_64_bits_is_a_count: counts::COUNT_OF_64_BITS;
    a_reader_that_retries_gets_a_whole_copy: counts::READ_UNTIL_WHOLE;
    a_read_with_a_raw_begin_inside_a_write_fails: counts::RAW_BEGIN;
    a_barrier_leaves_one_of_two_doors_open: counts::BARRIER;
    an_invalidation_ends_open_reads_and_shows_what_came_before: counts::INVALIDATE;
    a_count_with_a_lock_keeps_its_writers_apart: counts::WITH_LOCK;

    a_latch_names_a_slot_that_is_whole: latches::COUNT;
    a_reader_that_interrupts_a_latch_write_gets_a_whole_slot: latches::INTERRUPTED;
    a_latch_is_never_torn: latches::READ;
    a_latch_gives_each_value_its_version: latches::VERSIONS;
    a_latch_keeps_its_writers_apart: latches::TWO_WRITERS;

    a_pair_is_whole_whenever_its_writer_dies: pairs::DEATHS;
    a_pair_reports_whether_a_value_is_the_newest: pairs::CURRENT;
    a_pair_mistakes_no_old_generation_for_the_newest: pairs::NEWEST;
    a_promise_that_is_renewed_is_that_of_its_generation: pairs::RENEWED;
    a_pair_is_taken_over_in_its_first_write: pairs::FIRST_WRITE;
    a_pair_without_a_successor_keeps_the_last_value: pairs::NO_SUCCESSOR;

    a_page_whose_writer_lost_its_lock_goes_on_in_a_new_one: pages::NEW_PAGE;

    a_row_as_of_a_batch_is_the_version_of_that_batch: tables::VERSIONS;
    a_snapshot_is_the_state_after_one_batch: tables::SNAPSHOT;
    a_batch_whose_writer_died_is_taken_back: tables::DEATHS;

    a_spin_lock_lets_one_thread_in_at_a_time: locks::SPIN;
    a_parking_lock_keeps_two_writers_apart_and_wakes_the_one_that_sleeps: parking::TWO_WRITERS;
    a_parking_lock_that_is_taken_again_for_a_woken_thread_keeps_it_alone: parking::FAIR_WAKE_UP;
    the_end_of_a_locking_reader_wakes_a_writer: parking::READER_AND_WRITER;
    a_writer_pauses_once_for_a_request_and_waits_for_no_reader: fair::REQUEST;
    a_writer_pauses_no_more_often_than_readers_request: fair::TWO_REQUESTS;

    a_read_beside_a_writer_is_whole_or_nothing: seqlocks::ONE_WRITER;
    a_split_lock_needs_no_lock: seqlocks::SPLIT;
    a_read_beside_two_writers_is_whole_or_nothing: seqlocks::TWO_WRITERS;
    no_update_gets_lost: seqlocks::TWO_UPDATES;
    a_writer_that_only_tries_is_excluded_by_the_lock_too: seqlocks::TRY_WRITE;
    a_read_ends_with_a_whole_value: seqlocks::READ;
    a_read_that_fails_once_ends_under_the_lock: seqlocks::READ_OR_LOCK;
    a_locking_reader_keeps_writers_out_and_lockless_readers_in: seqlocks::READ_EXCL;
    a_locking_reader_that_only_tries_gets_a_whole_value: seqlocks::TRY_READ_EXCL;
    fields_that_are_read_together_are_of_one_write: seqlocks::FIELDS;
    a_read_shows_what_was_stored_before_the_write: seqlocks::STORED_BEFORE;

    a_value_is_of_its_version: versions::VERSIONED;
    a_read_is_as_new_as_the_version_before_it: versions::VERSION_THEN_READ;
    a_poll_misses_no_change: versions::IF_CHANGED;
    a_poll_sees_the_last_change: changes::LAST;
    a_new_version_shows_what_came_before_its_write: versions::VERSION_ACQUIRES;
    a_wait_shows_what_came_before_the_write: versions::WAIT_ACQUIRES;
    a_barrier_carries_the_write_before_it: versions::BARRIER_CARRIES;
    an_invalidation_carries_the_write_before_it: versions::INVALIDATE_CARRIES;
    a_new_generation_shows_what_came_before_its_write: versions::GENERATION_ACQUIRES;

    a_waiter_wakes_up: waits::ONE_PUBLISH;
    a_waiter_needs_no_lock: waits::WITHOUT_LOCK;
    a_waiter_wakes_up_each_time: waits::TWO_PUBLISHES;
    a_waiter_wakes_up_for_each_writer: waits::TWO_WRITERS;
    two_waiters_wake_up: waits::TWO_WAITERS;
    a_waiter_is_woken_by_its_own_announcement: waits::ROUNDS;

    a_read_that_fails_once_blocks_on_the_lock: blocking::READ_UNDER_IT;
    a_waiter_wakes_up_beside_a_blocking_lock: blocking::WAIT;
}

#[test]
fn each_ordering_is_needed_by_a_model() {
    println!("{:18} {:32} effort", "weakened", "found by");
    for mutant in MUTANTS {
        let rows = mutants::WITHOUT_AN_ORDERING.iter().filter(|(name, ..)| name == mutant);
        let found = rows.map(|&(_, model, complaint)| fails(model, Some(mutant), complaint));
        assert_ne!(
            found.count(),
            0,
            "no model fails with `{mutant}` weakened: add one to `mutants.rs`"
        );
    }
    for (name, ..) in mutants::WITHOUT_AN_ORDERING {
        assert!(
            MUTANTS.contains(name),
            "no ordering is called `{name}`: remove its row from `mutants.rs`"
        );
    }
}

#[test]
fn each_step_under_the_lock_needs_it() {
    for (model, complaint) in mutants::WITHOUT_A_LOCK {
        fails(model, None, complaint);
    }
}
