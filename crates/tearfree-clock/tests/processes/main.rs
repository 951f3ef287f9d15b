// SPDX-License-Identifier: MIT OR Apache-2.0
//! Several processes on every core read one clock while its slope changes and its keeper is killed.
//!
//! The test starts itself again: as the keeper, and as readers. Readers and the test share a page of
//! their own on which everybody enters the latest time that anybody saw; nobody may see less.

#![allow(unsafe_code, reason = "a word that processes share")]

mod swing;

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::env;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Instant;

use rustix::mm::{MapFlags, ProtFlags, mmap};
use tearfree_clock::{Clock, Keeper, Settings, Status, host_ns};

const ROLE: &str = "TEARFREE_CLOCK_TEST_ROLE";
const PAGE: &str = "TEARFREE_CLOCK_TEST_PAGE";
/// Long enough for several bends, and for two keepers.
const SPAN: Duration = Duration::from_secs(4);
/// Nothing here takes so long, on however busy a machine.
const WATCHDOG: Duration = Duration::from_secs(60);

/// Bends often, so that there is something to hammer.
fn settings() -> Settings {
    Settings {
        lead: Duration::from_millis(40),
        steer: Duration::from_millis(100),
        free_after: Duration::from_millis(300),
        unknown_after: Duration::from_millis(900),
    }
}

/// Not a test of its own: what the children do.
#[test]
fn child() {
    let (Ok(role), Ok(page)) = (env::var(ROLE), env::var(PAGE)) else { return };
    match role.as_str() {
        "keeper" => keep(Path::new(&page)),
        "swinging keeper" => swing::keep(Path::new(&page)),
        "witness" => swing::witness(Path::new(&page)),
        _ => read(Path::new(&page)),
    }
}

fn keep(page: &Path) {
    let mut keeper = Keeper::open(page, settings()).expect("the page is free");
    println!("keeping");
    let end = Instant::now() + WATCHDOG;
    while Instant::now() < end {
        keeper.tick();
        keeper.wait();
    }
}

/// The latest time that anybody saw: a word in a file, mapped by everybody.
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
        let file = file.expect("the test has created it");
        let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
        // SAFETY: a new mapping, at an address that the kernel chooses.
        let start = unsafe { mmap(core::ptr::null_mut(), 4096, protection, flags, file, 0) };
        let word = start.expect("it can be mapped").cast::<AtomicU64>();
        // SAFETY: the mapping begins with zeros, is never unmapped nor cut off, and everybody
        // accesses this word atomically.
        Latest(unsafe { &*word })
    }

    /// Reads the clock: not less than what anybody saw before.
    fn check(&self, clock: &Clock) -> u64 {
        // Whoever stored this had read it from the clock before; so this read comes after that one.
        let seen = self.0.load(Ordering::Acquire);
        let now = clock.now();
        assert!(now >= seen, "somebody saw {seen}, and now it is {now}");
        self.0.fetch_max(now, Ordering::AcqRel);
        now
    }
}

/// Reads as fast as it can; checks order, bounds, and that the host's clock is within them.
fn read(page: &Path) {
    let clock = Clock::open_page(page).expect("there is a clock");
    let latest = Latest::open(page);
    let (mut reads, mut last, mut misses, mut wide) = (0_u64, 0, 0_u64, 0);
    let end = Instant::now() + SPAN;
    while Instant::now() < end {
        for _ in 0..1000 {
            let now = latest.check(&clock);
            assert!(now >= last, "back from {last} to {now}");
            last = now;
        }
        let before = host_ns();
        let bounded = clock.now_bounded();
        let after = host_ns();
        misses += u64::from(bounded.earliest > after || bounded.latest < before);
        wide = bounded.bound_ns().max(wide);
        assert!(clock.coarse() <= clock.now());
        reads += 1000;
    }
    println!("{reads} {misses} {wide} {}", clock.late_publications());
}

fn start(role: &str, page: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut command = Command::new(env::current_exe().expect("this program has a path"));
    command.args(["child", "--exact", "--nocapture"]).env(ROLE, role).env(PAGE, page);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts once more");
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
    keeper.kill().expect("it can be killed");
    keeper.wait().expect("it has ended");
}

fn until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + WATCHDOG;
    while !condition() {
        assert!(Instant::now() < end, "still not: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn nobody_sees_the_time_go_back_while_keepers_bend_die_and_take_over() {
    let folder = tempfile::tempdir().expect("a folder for the page");
    let page = folder.path().join("clock");
    Latest::create(&page);
    let mut keeper = start_keeper("keeper", &page);
    let cores = thread::available_parallelism().map_or(2, usize::from).clamp(2, 16);
    let readers: Vec<_> = (0..cores).map(|_| start("reader", &page)).collect();
    let clock = Clock::open_page(&page).expect("there is a clock");
    for _ in 0..2 {
        // The time between a death and its successor counts too.
        thread::sleep(SPAN / 4);
        kill(keeper);
        let seen = clock.now();
        keeper = start_keeper("keeper", &page);
        assert!(clock.now() >= seen);
    }
    for (mut reader, output) in readers {
        let report = report(output);
        assert!(reader.wait().expect("it ends").success(), "a reader failed");
        let [_, _, _, _] = report[..] else { panic!("no report: {report:?}") };
        println!(
            "reads {}, misses {}, widest bound {} ns, late {}",
            report[0], report[1], report[2], report[3]
        );
        assert!(report[0] > 1000, "it hardly read");
        assert_eq!(report[1], 0, "the host's clock was outside of the bounds");
    }
    kill(keeper);
}

/// The numbers that a child printed, if it came to that. Everything is read: it must not meet a
/// closed pipe.
fn report(output: BufReader<ChildStdout>) -> Vec<u64> {
    let lines = output.lines().map_while(Result::ok);
    lines.filter_map(|line| numbers(&line)).last().unwrap_or_default()
}

fn numbers(line: &str) -> Option<Vec<u64>> {
    let numbers: Result<Vec<u64>, _> = line.split(' ').map(str::parse).collect();
    numbers.ok().filter(|numbers| numbers.len() == 4)
}

#[test]
fn a_dead_keeper_is_noticed_and_the_time_goes_on() {
    let folder = tempfile::tempdir().expect("a folder for the page");
    let page = folder.path().join("clock");
    let keeper = start_keeper("keeper", &page);
    let clock = Clock::open_page(&page).expect("there is a clock");
    let synchronised = clock.wait_synchronised(Some(WATCHDOG));
    assert_eq!(synchronised.map(|now| now.status), Some(Status::Synchronised));
    kill(keeper);
    until("free running", || clock.status() != Status::Synchronised);
    until("unknown", || clock.status() == Status::Unknown);
    let (before, bounded, after) = (host_ns(), clock.now_bounded(), host_ns());
    assert!(bounded.earliest <= after && bounded.latest >= before, "{bounded:?} {before}");
    assert!(clock.now() > bounded.earliest);
    // The next one goes on where the line is.
    let seen = clock.now();
    let keeper = start_keeper("keeper", &page);
    assert!(clock.now() >= seen && clock.now() - seen < nanos(WATCHDOG));
    assert!(clock.wait_synchronised(Some(WATCHDOG)).is_some());
    assert_eq!(clock.record().0.disruptions, 0, "a takeover is no disruption");
    kill(keeper);
}

#[test]
fn waiting_until_past_leaves_no_doubt() {
    let folder = tempfile::tempdir().expect("a folder for the page");
    let page = folder.path().join("clock");
    let mut keeper = Keeper::open(&page, Settings::default()).expect("the page is free");
    keeper.tick();
    let clock = Clock::open_page(&page).expect("there is a clock");
    let moment = host_ns() + 3_000_000;
    let past = clock.wait_until_past(moment, Some(WATCHDOG)).expect("it passes");
    assert!(past.earliest > moment && host_ns() > moment);
    let never = clock.wait_until_past(u64::MAX, Some(Duration::from_millis(5)));
    assert_eq!(never, None);
    let utc = clock.utc_bounded();
    assert!(utc.earliest <= utc.latest);
    assert!(clock.wait_until_past_utc(u64::MAX, Some(Duration::ZERO)).is_none());
}

#[test]
fn the_time_of_day_is_the_hosts() {
    let folder = tempfile::tempdir().expect("a folder for the page");
    let page = folder.path().join("clock");
    let mut keeper = Keeper::open(&page, Settings::default()).expect("the page is free");
    let report = keeper.tick();
    let clock = Clock::open_page(&page).expect("there is a clock");
    let system = || {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        nanos(now.expect("it is past 1970"))
    };
    let (before, bounded, real, after) =
        (system(), clock.now_bounded(), clock.realtime(), system());
    let slack = bounded.bound_ns() + 1_000;
    assert!(before <= real + slack && real <= after + slack, "{before} {real} {after}");
    assert_eq!(report.steps, 0);
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).expect("less than 584 years")
}
