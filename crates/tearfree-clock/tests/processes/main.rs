// SPDX-License-Identifier: MIT OR Apache-2.0
//! Processes on every core read one clock while its slope changes and its keeper is killed.
//!
//! The test starts itself again, as the keeper and as readers. All readers share a word with the latest
//! time that any of them read; no later read may be less.

#![allow(unsafe_code, reason = "a word that processes share")]

mod fast_changes;
#[path = "../common/program.rs"]
mod program;

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::env;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::thread;
use std::time::Instant;

use rustix::mm::{MapFlags, ProtFlags, mmap};
use tearfree_clock::{Clock, Keeper, Settings, Status, host_ns};

use program::this_program;

const ROLE: &str = "TEARFREE_CLOCK_TEST_ROLE";
const PAGE: &str = "TEARFREE_CLOCK_TEST_PAGE";
/// Long enough for several bends, and for two keepers.
const SPAN: Duration = Duration::from_secs(4);
/// The limit of a wait: none takes as long, even on a busy machine.
const WATCHDOG: Duration = Duration::from_secs(60);

/// How long before its pivot a bend is published.
const LEAD: Duration = Duration::from_millis(40);

/// Bends often, so that readers meet many bends.
fn settings() -> Settings {
    Settings::new()
        .lead(LEAD)
        .steer(Duration::from_millis(100))
        .free_after(Duration::from_millis(300))
        .unknown_after(Duration::from_millis(900))
}

/// The entry point of the child processes; as a test it does nothing.
#[test]
fn child() {
    let (Ok(role), Ok(page)) = (env::var(ROLE), env::var(PAGE)) else { return };
    match role.as_str() {
        "keeper" => keep(Path::new(&page)),
        "fast keeper" => fast_changes::keep(Path::new(&page)),
        "fast reader" => fast_changes::read(Path::new(&page)),
        _ => read(Path::new(&page)),
    }
}

fn keep(page: &Path) {
    let mut keeper = Keeper::open(page, settings()).expect("the page is free");
    println!("keeping");
    let end = Instant::now() + WATCHDOG;
    while Instant::now() < end {
        keeper.tick().expect("the page is this keeper's");
        keeper.wait();
    }
}

/// The latest time that any reader read: a word in a file that all of them map.
struct Latest(&'static AtomicU64);

impl Latest {
    fn path(page: &Path) -> PathBuf {
        page.with_file_name("latest")
    }

    fn create(page: &Path) {
        let file = File::create_new(Self::path(page)).expect("the folder is new");
        file.set_len(4096).expect("there is room for a page");
    }

    fn open(page: &Path) -> Self {
        let file = File::options().read(true).write(true).open(Self::path(page));
        let file = file.expect("the test created the file");
        let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
        // SAFETY: a new mapping, at an address that the kernel chooses.
        let start = unsafe { mmap(core::ptr::null_mut(), 4096, protection, flags, file, 0) };
        let word = start.expect("the file can be mapped").cast::<AtomicU64>();
        // SAFETY: the mapping begins with zeros, is never unmapped nor cut off, and everybody
        // accesses this word atomically.
        Latest(unsafe { &*word })
    }

    /// Reads the clock, and returns by how much it is before an earlier read of any process.
    fn step_back(&self, clock: &Clock) -> u64 {
        // Its reader read the clock before it stored this, so the read below comes after that read.
        let seen = self.0.load(Ordering::Acquire);
        let now = clock.now();
        self.0.fetch_max(now, Ordering::AcqRel);
        seen.saturating_sub(now)
    }
}

/// Reads as fast as possible; checks the order, and that the host's clock is within the bounds.
fn read(page: &Path) {
    let clock = Clock::open_page(page).expect("the clock can be opened");
    let latest = Latest::open(page);
    let (mut reads, mut back, mut misses, mut wide) = (0_u64, 0, 0_u64, 0);
    let end = Instant::now() + SPAN;
    while Instant::now() < end {
        for _ in 0..1000 {
            back = latest.step_back(&clock).max(back);
        }
        let before = host_ns();
        let bounded = clock.now_bounded();
        let after = host_ns();
        misses += u64::from(bounded.earliest > after || bounded.latest < before);
        wide = bounded.bound_ns().max(wide);
        assert!(clock.coarse() <= clock.now());
        reads += 1000;
    }
    println!("{reads} {misses} {wide} {back} {}", clock.late_publications());
}

fn start(role: &str, page: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut command = this_program();
    command.args(["child", "--exact", "--nocapture"]).env(ROLE, role).env(PAGE, page);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the test starts again");
    let output = BufReader::new(child.stdout.take().expect("its output is a pipe"));
    (child, output)
}

fn start_keeper(role: &str, page: &Path) -> Child {
    let (child, output) = start(role, page);
    let mut lines = output.lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("keeping")), "the keeper ended early");
    child
}

fn kill(mut keeper: Child) {
    keeper.kill().expect("the keeper can be killed");
    keeper.wait().expect("the keeper has ended");
}

fn until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + WATCHDOG;
    while !condition() {
        assert!(Instant::now() < end, "timed out waiting for: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn no_reader_sees_the_time_go_back_while_keepers_bend_die_and_take_over() {
    let folder = tempfile::tempdir().expect("a folder for the page");
    let page = folder.path().join("clock");
    Latest::create(&page);
    let mut keeper = start_keeper("keeper", &page);
    let cores = thread::available_parallelism().map_or(2, usize::from).clamp(2, 16);
    let readers: Vec<_> = (0..cores).map(|_| start("reader", &page)).collect();
    let clock = Clock::open_page(&page).expect("the clock can be opened");
    for _ in 0..2 {
        // The time between a keeper and its successor is tested too.
        thread::sleep(SPAN / 4);
        kill(keeper);
        let seen = clock.now();
        keeper = start_keeper("keeper", &page);
        assert!(clock.now() >= seen);
    }
    for (mut reader, output) in readers {
        let report = report(output);
        assert!(reader.wait().expect("the reader ends").success(), "a reader failed");
        let [reads, misses, widest, back, late] = report[..] else {
            panic!("no report: {report:?}")
        };
        println!("reads {reads}, misses {misses}, widest bound {widest} ns, late {late}");
        assert!(reads > 1000, "too few reads");
        assert_eq!(misses, 0, "the host's clock was outside of the bounds");
        assert_monotonic(back, late);
    }
    kill(keeper);
}

/// Returns the numbers that a child printed. Reads all output, so that the child does not meet a closed
/// pipe.
fn report(output: BufReader<ChildStdout>) -> Vec<u64> {
    let lines = output.lines().map_while(Result::ok);
    lines.filter_map(|line| numbers(&line)).last().unwrap_or_default()
}

fn numbers(line: &str) -> Option<Vec<u64>> {
    let numbers: Result<Vec<u64>, _> = line.split(' ').map(str::parse).collect();
    numbers.ok().filter(|numbers| numbers.len() == 5)
}

/// On a busy machine a keeper may lose its processor just before it publishes, for longer than the lead.
/// Then the time may go back, but it is counted.
fn assert_monotonic(back: u64, late: u64) {
    assert!(back == 0 || late > 0, "the time went back by {back} ns");
    assert!(back < 1_000_000, "the time went back by {back} ns, which no late bend explains");
}

#[test]
fn a_dead_keeper_is_detected_and_the_time_goes_on() {
    let folder = tempfile::tempdir().expect("a folder for the page");
    let page = folder.path().join("clock");
    let keeper = start_keeper("keeper", &page);
    let clock = Clock::open_page(&page).expect("the clock can be opened");
    until("synchronised", || clock.status() == Status::Synchronised);
    kill(keeper);
    until("free running", || clock.status() == Status::FreeRunning);
    until("unknown", || clock.status() == Status::Unknown);
    let (before, bounded, after) = (host_ns(), clock.now_bounded(), host_ns());
    assert!(bounded.earliest <= after && bounded.latest >= before, "{bounded:?} {before}");
    assert!(clock.now() > bounded.earliest);
    // The next keeper continues the line.
    let seen = clock.now();
    let keeper = start_keeper("keeper", &page);
    assert!(clock.now() >= seen && clock.now() - seen < nanos(WATCHDOG));
    until("synchronised", || clock.status() == Status::Synchronised);
    assert_eq!(clock.record().0.disruptions, 0, "a takeover is no disruption");
    kill(keeper);
}

#[test]
fn a_wait_until_past_returns_only_after_that_time() {
    let folder = tempfile::tempdir().expect("a folder for the page");
    let page = folder.path().join("clock");
    let mut keeper = Keeper::open(&page, Settings::default()).expect("the page is free");
    keeper.tick().expect("the page is this keeper's");
    let clock = Clock::open_page(&page).expect("the clock can be opened");
    let (start, moment) = (Instant::now(), host_ns() + 3_000_000);
    let past = clock.wait_until_past(moment, Some(10 * WATCHDOG)).expect("the time passes");
    assert!(past.earliest > moment && host_ns() > moment);
    assert!(start.elapsed() < WATCHDOG, "it slept until its timeout");
    let never = clock.wait_until_past(u64::MAX, Some(Duration::from_millis(5)));
    assert_eq!(never, None);
    assert!(clock.wait_until_past_utc(u64::MAX, Some(Duration::ZERO)).is_none());
}

#[test]
fn the_time_of_day_is_the_hosts() {
    let folder = tempfile::tempdir().expect("a folder for the page");
    let page = folder.path().join("clock");
    let mut keeper = Keeper::open(&page, Settings::default()).expect("the page is free");
    let report = keeper.tick().expect("the page is this keeper's");
    let clock = Clock::open_page(&page).expect("the clock can be opened");
    let system = || {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        nanos(now.expect("it is past 1970"))
    };
    let offset = || system().wrapping_sub(host_ns()).cast_signed();
    for _ in 0..10 {
        let was = offset();
        keeper.tick().expect("the page is this keeper's");
        let (before, bounded, real, after) =
            (system(), clock.now_bounded(), clock.realtime(), system());
        if offset().abs_diff(was) > 1_000_000 {
            continue; // the host's clock was set meanwhile, or this thread had no processor
        }
        let slack = bounded.bound_ns() + 1_000;
        assert!(before <= real + slack && real <= after + slack, "{before} {real} {after}");
        assert_eq!(report.steps, 0);
        return;
    }
    panic!("the host's clock is set all the time");
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).expect("less than 584 years")
}
