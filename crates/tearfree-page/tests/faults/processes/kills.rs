// SPDX-License-Identifier: MIT OR Apache-2.0
//! Kills writers: at every instruction of a publication, and at any time.

use core::cell::Cell;
use core::time::Duration;
use std::fs;
use std::path::Path;
use std::time::Instant;

use tearfree_page::{Freshness, Options, Reader, Writer, WriterState};
use tempfile::TempDir;

use super::process::{Process, WATCHDOG};
use super::stamps;
use super::steps::{Ended, kill_after, kill_after_calls};
use super::value::{Large, Medium, SelfChecking, Small};
use crate::left_out::leave_out;

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_writer_is_killed_anywhere_in_publishing_a_small_value", || set::<Small>("small")),
    ("a_writer_is_killed_anywhere_in_publishing_a_medium_value", || set::<Medium>("medium")),
    ("a_writer_is_killed_anywhere_in_publishing_a_large_value", || set::<Large>("large")),
    ("a_writer_is_killed_anywhere_in_taking_over", take_over),
    ("a_writer_is_killed_at_any_time", at_any_time),
    ("readers_in_other_processes_see_no_torn_value_while_writers_are_killed", beside_readers),
    ("a_killed_writers_value_turns_stale_and_fresh_again", stale),
];

/// How many writers each of the five killing tests kills. Unoptimised programs have more instructions to
/// step through, so by default fewer of them are killed.
pub(crate) fn kills() -> usize {
    let asked = std::env::var("TEARFREE_KILLS").ok();
    let all = asked.map(|asked| asked.parse().expect("TEARFREE_KILLS is a number"));
    all.unwrap_or(if cfg!(debug_assertions) { 150_usize } else { 1000 }).div_ceil(5)
}

/// More steps, or calls, than any process needs. One that does not end is killed.
pub(crate) const MOST_STEPS: usize = 2_000_000;

/// Chooses `how_many` steps below `end`: spread evenly, or each several times, and the last ones, in which
/// the value is published.
pub(crate) fn spread(end: usize, how_many: usize) -> Vec<usize> {
    let step = |i| if how_many > end { i % end } else { i * end / how_many };
    (0..how_many).map(step).chain(end.saturating_sub(20)..end).collect()
}

/// Returns whether processes can be traced here; otherwise the test is left out.
pub(crate) fn may_trace() -> bool {
    let status = Process::start(&["traceable"]).wait_exit();
    match status.code() {
        Some(0) => return true,
        Some(3) => leave_out("processes cannot be traced here"),
        _ => panic!("it ended otherwise: {status}"),
    }
    false
}

/// Kills writers after different numbers of single steps of `set`.
///
/// A writer may need fewer steps than the first one did, and be done before it is killed. That is allowed
/// as long as enough writers are killed on both sides of the store that publishes.
fn set<T: SelfChecking>(size: &str) {
    if !may_trace() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    let page_name = page.to_str().unwrap();
    let hour = Options::new().lifetime(Duration::from_secs(3600));
    drop(Writer::create(&page, T::from_number(0), &hour).unwrap());
    let reader = Reader::<T>::open(&page).unwrap();
    let (published, in_the_middle, killed_after_publishing) =
        (Cell::new(0), Cell::new(0), Cell::new(0));
    let count = |counter: &Cell<usize>, one: bool| counter.set(counter.get() + usize::from(one));
    let kill = |steps| {
        let before = reader.read().unwrap().generation;
        stamps::make_old::<T>(&page, before);
        let ended = kill_after(&mut Process::start(&["set", page_name, size]), steps);
        let reading = reader.read().expect("a dead writer delays no reader");
        assert_eq!(
            reading.value.number(),
            reading.generation,
            "the value belongs to its generation"
        );
        assert!((before..=before + 1).contains(&reading.generation), "the count goes on");
        let is_new = reading.generation > before;
        assert_eq!(stamps::is_old(&reading), !is_new, "the stamp belongs to the value");
        count(&published, is_new);
        count(&in_the_middle, is_being_written(&page));
        count(&killed_after_publishing, is_new && ended == Ended::Killed);
        ended
    };
    let Ended::Done(steps) = kill(MOST_STEPS) else { panic!("it does not end") };
    let moments = spread(steps, kills());
    let mut tried = moments.len();
    let mut killed = moments.into_iter().filter(|&moment| kill(moment) == Ended::Killed).count();
    // How many steps a copy takes is up to the processor, so the last of them may have been missed.
    for moment in (steps.saturating_sub(200)..steps + 200).rev() {
        if killed_after_publishing.get() > 0 {
            break;
        }
        tried += 1;
        killed += usize::from(kill(moment) == Ended::Killed);
    }
    let [published, in_the_middle, killed_after_publishing] =
        [published, in_the_middle, killed_after_publishing].map(Cell::into_inner);
    eprintln!(
        "{size}: {killed} of {tried} killed within {steps} steps, {in_the_middle} of them at an odd \
         count, {killed_after_publishing} after they had published; {published} values published"
    );
    assert!(killed > tried / 4, "{} of {tried} were done before their time", tried - killed);
    assert!(in_the_middle > 0, "none was killed in the middle of a write");
    assert!(killed_after_publishing > 0, "none was killed between publishing and its end");
    assert!(published < killed, "all values were published");
    // After all of them the page still works.
    let mut writer = Writer::<T>::take_over(&page, &Options::new()).unwrap();
    let next = writer.generation() + 1;
    writer.set(T::from_number(next)).expect("the page is ours");
    assert_eq!(reader.read().unwrap().value.number(), next);
}

/// Returns whether the count in the file is odd.
fn is_being_written(page: &Path) -> bool {
    let bytes = fs::read(page.join("page")).unwrap();
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
    drop(Writer::create(&page, Medium::from_number(0), &Options::new()).unwrap());
    let reader = Reader::<Medium>::open(&page).unwrap();
    let mut takeovers = 0;
    let mut kill = |calls, steps| {
        let mut process = Process::start(&["take-over", page_name]);
        let ended = kill_after_calls(&mut process, calls, steps);
        assert_eq!(reader.read().unwrap().value, Medium::from_number(0));
        let writer = reader.writer().expect("a dead writer delays no reader");
        assert!((takeovers..=takeovers + 1).contains(&writer.takeovers()), "a torn record");
        assert_ne!((writer.pid(), writer.start_time()), (0, 0), "a torn record");
        takeovers = writer.takeovers();
        ended
    };
    let Ended::Done(calls) = kill(MOST_STEPS, 0) else { panic!("it does not end") };
    let last_calls = calls / 2..calls;
    let steps = kills().div_ceil(last_calls.len());
    let mut killed = 0;
    for calls in last_calls {
        // The stores follow shortly after a system call.
        for steps in (0..steps).map(|i| i * 97) {
            killed += usize::from(kill(calls, steps) == Ended::Killed);
        }
    }
    eprintln!("{killed} killed within {calls} calls entered or left, {takeovers} took over");
    assert!((2..killed as u64).contains(&takeovers), "some took over, and some did not");
}

/// Kills writers that create, write, leave and remove a page, at different times.
fn at_any_time() {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    let (mut left_a_page, mut longest) = (0, Duration::ZERO);
    let all = kills();
    let begin = Instant::now();
    // On a busy machine more rounds, with more time, until one of them had time for a page.
    let mut round = 0;
    while round < all || left_a_page == 0 {
        assert!(begin.elapsed() < WATCHDOG, "no writer created a page before it was killed");
        let mut process =
            Process::start(&["churn", page.to_str().unwrap(), &round.to_string()]).wait_ready();
        let longer = round / all + 1;
        std::thread::sleep(Duration::from_micros((round * 37 % 2500 * longer) as u64));
        process.kill();
        // Killed before it created the file, it leaves no page.
        if let Ok(reader) = Reader::<Medium>::open(&page) {
            reader.read().expect("a dead writer delays no reader").value.number();
            left_a_page += 1;
        }
        let start = Instant::now();
        let next = Writer::create(&page, Medium::from_number(1), &Options::new().replace(true));
        longest = longest.max(start.elapsed());
        drop(next.expect("the files of the dead writer are no obstacle"));
        round += 1;
        Reader::<Medium>::open(&page).expect("a page").read().unwrap().value.number();
    }
    eprintln!("{left_a_page} left a page; the next writer took over within {longest:?}");
}

/// How many generations each of the two reading processes reads, and of how many writers.
const GENERATIONS: &str = "20000";
const WRITERS: &str = "5";

fn beside_readers() {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    let page_name = page.to_str().unwrap();
    drop(Writer::create(&page, Large::from_number(0), &Options::new()).unwrap());
    // Large values, so that writers lap readers during a copy.
    let mut readers =
        [0, 1].map(|_| Process::start(&["read", page_name, GENERATIONS, WRITERS]).wait_ready());
    let start = Instant::now();
    let (mut ended, mut killed) = (0, 0);
    // Each writer publishes generation after generation until it is killed.
    while ended < readers.len() {
        let mut writer = Process::start(&["write-on", page_name]).wait_ready();
        // Ever longer: on a busy machine, starting a process takes longer than that, and readers see few
        // generations of each.
        std::thread::sleep(Duration::from_millis(3 << (killed / 16).min(8)));
        writer.kill();
        killed += 1;
        ended = 0;
        for reader in &mut readers {
            ended += usize::from(reader.child.try_wait().unwrap().is_some());
        }
        assert!(start.elapsed() < WATCHDOG, "readers hang");
    }
    for mut reader in readers {
        let printed = reader.read_line();
        let (seen, writers) = printed.split_once(' ').expect("it read values that were not torn");
        assert!(seen.parse::<u64>().unwrap() <= last_generation(&page));
        assert!(writers.parse::<u64>().unwrap() <= killed, "{killed} were killed, but {printed}");
        assert!(reader.wait_exit().success());
    }
    assert!(killed >= WRITERS.parse().unwrap());
}

fn last_generation(page: &Path) -> u64 {
    Reader::<Large>::open(page).unwrap().generation()
}

fn is_zombie(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it was not waited for");
    stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
}

fn stale() {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    let mut writer = Process::start(&["write", page.to_str().unwrap()]).wait_ready();
    let reader = Reader::<Medium>::open(&page).unwrap();
    writer.send_line("3");
    assert_eq!(writer.read_line(), "done");
    let identity = reader.writer().unwrap();
    assert_eq!((identity.pid(), identity.is_running()), (writer.pid(), Some(true)));
    writer.child.kill().unwrap();
    let start = Instant::now();
    // It was not waited for yet, so it becomes a zombie.
    while !is_zombie(writer.pid()) {
        assert!(start.elapsed() < WATCHDOG, "it does not end");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(reader.writer().unwrap().is_running(), Some(false), "it is a zombie");
    writer.kill();
    assert_eq!(reader.writer().unwrap().is_running(), Some(false));
    while !matches!(reader.freshness(), Freshness::Stale(_)) {
        assert!(start.elapsed() < WATCHDOG, "never stale");
        std::thread::sleep(Duration::from_millis(5));
    }
    let reading = reader.read().unwrap();
    assert_eq!((reading.value.number(), reading.writer_state()), (3, WriterState::Live));
    let hour = Options::new().lifetime(Duration::from_secs(3600));
    let mut successor = Writer::<Medium>::take_over(&page, &hour).unwrap();
    assert_eq!((successor.get().number(), successor.generation()), (3, 1));
    successor.set(Medium::from_number(4)).expect("the page is ours");
    let reading = reader.read().unwrap();
    assert_eq!((reading.value.number(), reading.generation), (4, 2));
    assert!(matches!(reading.freshness(), Freshness::Fresh(_)));
}
