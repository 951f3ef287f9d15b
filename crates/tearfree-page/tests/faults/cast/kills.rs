// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writers that are killed: at every instruction of a publication, and at any time.

use core::time::Duration;
use std::path::Path;
use std::time::Instant;

use tearfree_page::{Freshness, Options, Reader, Writer, WriterState};
use tempfile::TempDir;

use super::process::{Actor, WATCHDOG};
use super::sample::{Accusing, Large, Medium, Small};
use super::steps::{Ended, kill_after, kill_after_calls};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_writer_is_killed_anywhere_in_publishing_a_small_value", || set::<Small>("small")),
    ("a_writer_is_killed_anywhere_in_publishing_a_medium_value", || set::<Medium>("medium")),
    ("a_writer_is_killed_anywhere_in_publishing_a_large_value", || set::<Large>("large")),
    ("a_writer_is_killed_anywhere_in_taking_over", take_over),
    ("a_writer_is_killed_at_any_time", at_any_time),
    ("readers_in_other_processes_see_whole_values_while_writers_are_killed", beside_readers),
    ("a_killed_writers_value_turns_stale_and_fresh_again", stale),
];

/// How many writers each of the five killing tests kills. Unoptimised programs have more
/// instructions, each of which takes its time, so there are fewer kills in them by default.
fn kills() -> usize {
    let asked = std::env::var("TEARFREE_KILLS").ok();
    let all = asked.map(|asked| asked.parse().expect("TEARFREE_KILLS is a number"));
    all.unwrap_or(if cfg!(debug_assertions) { 150_usize } else { 1000 }).div_ceil(5)
}

/// Moments below `end`: spread over all of it, or all of them several times, and the last ones, where
/// a value appears.
fn spread(end: usize, how_many: usize) -> Vec<usize> {
    let step = |i| if how_many > end { i % end } else { i * end / how_many };
    (0..how_many).map(step).chain(end.saturating_sub(20)..end).collect()
}

/// Whether processes may be traced here. Says so if not.
fn may_trace() -> bool {
    let mut actor = Actor::start(&["traceable"]);
    let tried =
        std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| kill_after(&mut actor, 1)));
    if tried.is_err() {
        eprintln!("left out: processes cannot be traced here");
    }
    tried.is_ok()
}

/// Kills a writer after each number of single steps of `set`, or after as many as there is time for.
///
/// A writer may need fewer steps than the first one did, and be done before the last moments: that is
/// no fault, as long as enough writers are killed, on both sides of the store that publishes.
fn set<T: Accusing>(size: &str) {
    if !may_trace() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    let page_name = page.to_str().unwrap();
    drop(Writer::create(&page, T::of(0), &Options::new()).unwrap());
    let reader = Reader::<T>::open(&page).unwrap();
    let (mut published, mut in_the_middle, mut killed_after_publishing) = (0, 0, 0);
    let mut kill = |steps| {
        let before = reader.read().unwrap().generation;
        let ended = kill_after(&mut Actor::start(&["set", page_name, size]), steps);
        let reading = reader.read().expect("a dead writer holds nobody up");
        assert_eq!(reading.value.number(), reading.generation, "not of its generation");
        assert!((before..=before + 1).contains(&reading.generation), "the count goes on");
        let is_new = reading.generation > before;
        published += usize::from(is_new);
        in_the_middle += usize::from(is_being_written(&page));
        killed_after_publishing += usize::from(is_new && ended == Ended::Killed);
        ended
    };
    let Ended::Done(steps) = kill(usize::MAX) else { panic!("it was let go on to its end") };
    let moments = spread(steps, kills());
    let tried = moments.len();
    let killed = moments.into_iter().filter(|&moment| kill(moment) == Ended::Killed).count();
    eprintln!(
        "{size}: {killed} of {tried} killed within {steps} steps, {in_the_middle} of them at an odd \
         count, {killed_after_publishing} after they had published; {published} values published"
    );
    assert!(killed > tried / 4 * 3, "{} of {tried} were done before their time", tried - killed);
    assert!(in_the_middle > 0, "none was killed in the middle of a write");
    assert!(killed_after_publishing > 0, "none was killed between publishing and its end");
    assert!(published < killed, "all values were published");
    // And after all of them the page is as good as new.
    let mut writer = Writer::<T>::take_over(&page, &Options::new()).unwrap();
    let next = writer.generation() + 1;
    writer.set(T::of(next));
    assert_eq!(reader.read().unwrap().value.number(), next);
}

/// Whether the count in the file is odd.
fn is_being_written(page: &Path) -> bool {
    let bytes = std::fs::read(page.join("page")).unwrap();
    u64::from_ne_bytes(bytes[128..136].try_into().unwrap()) % 2 == 1
}

/// Kills writers while they become writers.
fn take_over() {
    if !may_trace() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    let page_name = page.to_str().unwrap();
    drop(Writer::create(&page, Medium::of(0), &Options::new()).unwrap());
    let reader = Reader::<Medium>::open(&page).unwrap();
    let mut takeovers = 0;
    let mut kill = |calls, steps| {
        let mut actor = Actor::start(&["take-over", page_name]);
        let ended = kill_after_calls(&mut actor, calls, steps);
        assert_eq!(reader.read().unwrap().value, Medium::of(0));
        let writer = reader.writer().expect("a dead writer holds nobody up");
        assert!((takeovers..=takeovers + 1).contains(&writer.takeovers()), "a torn record");
        assert_ne!((writer.pid(), writer.start_time()), (0, 0), "a torn record");
        takeovers = writer.takeovers();
        ended
    };
    let Ended::Done(calls) = kill(usize::MAX, 0) else { panic!("it was let go on to its end") };
    let last_calls = calls / 2..calls;
    let steps = kills().div_ceil(last_calls.len());
    let mut killed = 0;
    for calls in last_calls {
        // What is stored is stored soon after a call, or not at all.
        for steps in (0..steps).map(|i| i * 97) {
            killed += usize::from(kill(calls, steps) == Ended::Killed);
        }
    }
    eprintln!("{killed} killed within {calls} calls entered or left, {takeovers} took over");
    assert!((2..killed as u64).contains(&takeovers), "some took over, and some did not");
}

/// Kills writers that make, write, leave and remove a page, at random times.
fn at_any_time() {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    let (mut left_a_page, mut longest) = (0, Duration::ZERO);
    for round in 0..kills() {
        let mut actor =
            Actor::start(&["churn", page.to_str().unwrap(), &round.to_string()]).ready();
        std::thread::sleep(Duration::from_micros(round as u64 * 37 % 2500));
        actor.kill();
        // Killed between making the directory and the page, there is none.
        if let Ok(reader) = Reader::<Medium>::open(&page) {
            reader.read().expect("a dead writer holds nobody up").value.number();
            left_a_page += 1;
        }
        let start = Instant::now();
        let next = Writer::create(&page, Medium::of(1), &Options::new().replace(true));
        longest = longest.max(start.elapsed());
        drop(next.expect("nothing that the dead writer left is in the way"));
        Reader::<Medium>::open(&page).expect("a page").read().unwrap().value.number();
    }
    eprintln!("{left_a_page} left a page; the next writer took over in {longest:?} at most");
    assert!(left_a_page > 0, "no writer came so far");
}

/// Readers in two other processes, all the time, until each has seen so many generations.
const GENERATIONS: &str = "20000";

fn beside_readers() {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    let page_name = page.to_str().unwrap();
    drop(Writer::create(&page, Large::of(0), &Options::new()).unwrap());
    // Large values, so that writers overtake readers in the middle of a copy.
    let mut readers = [0, 1].map(|_| Actor::start(&["read", page_name, GENERATIONS]).ready());
    let start = Instant::now();
    let mut ended = 0;
    // Each writer publishes generation after generation until it is killed.
    while ended < readers.len() {
        let mut writer = Actor::start(&["write-on", page_name]).ready();
        std::thread::sleep(Duration::from_millis(3));
        writer.kill();
        ended = 0;
        for reader in &mut readers {
            ended += usize::from(reader.child.try_wait().unwrap().is_some());
        }
        assert!(start.elapsed() < WATCHDOG, "readers hang");
    }
    for mut reader in readers {
        let readings: u64 = reader.line().parse().expect("it read whole values to its end");
        assert!(readings >= GENERATIONS.parse().unwrap());
        assert!(reader.end().success());
    }
}

fn stale() {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    let mut writer = Actor::start(&["write", page.to_str().unwrap()]).ready();
    let reader = Reader::<Medium>::open(&page).unwrap();
    writer.tell("3");
    assert_eq!(writer.line(), "done");
    let identity = reader.writer().unwrap();
    assert_eq!((identity.pid(), identity.is_running()), (writer.pid(), Some(true)));
    writer.kill();
    assert_eq!(reader.writer().unwrap().is_running(), Some(false));
    let start = Instant::now();
    while !matches!(reader.freshness(), Freshness::Stale(_)) {
        assert!(start.elapsed() < WATCHDOG, "never stale");
        std::thread::sleep(Duration::from_millis(5));
    }
    let reading = reader.read().unwrap();
    assert_eq!((reading.value.number(), reading.writer_state()), (3, WriterState::Live));
    let hour = Options::new().lifetime(Duration::from_secs(3600));
    let mut heir = Writer::<Medium>::take_over(&page, &hour).unwrap();
    assert_eq!((heir.get().number(), heir.generation()), (3, 1));
    heir.set(Medium::of(4));
    let reading = reader.read().unwrap();
    assert_eq!((reading.value.number(), reading.generation), (4, 2));
    assert!(matches!(reading.freshness(), Freshness::Fresh(_)));
}
