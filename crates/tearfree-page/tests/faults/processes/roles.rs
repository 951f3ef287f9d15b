// SPDX-License-Identifier: MIT OR Apache-2.0
//! The roles of the processes that the tests start.

use core::time::Duration;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::Command;
use std::time::Instant;

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use tearfree_page::{Error, Freshness, Lost, Options, Reader, Writer};

use super::process::WATCHDOG;
use super::value::{Large, Medium, SelfChecking, Small};
use super::{forks, hostile, laps, named, ownership, refused, signals, stamps, steps, users};

/// Runs the role that the first argument names.
///
/// It ends with the test that started it, even if that is killed, and when it hangs.
pub(crate) fn run(args: &[&str]) {
    // SAFETY: the call takes numbers only.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    signals::end_after(2 * WATCHDOG);
    match *args {
        ["set", page, "small"] => set_traced::<Small>(page),
        ["set", page, "medium"] => set_traced::<Medium>(page),
        ["set", page, "large"] => set_traced::<Large>(page),
        ["touch-own", page] => stamps::touch_traced(page, true),
        ["touch-other", page] => stamps::touch_traced(page, false),
        #[cfg(target_arch = "x86_64")]
        ["clock", what, page] => super::clocks::without_counter(what, page),
        ["take-over", page] => take_over_traced(page),
        ["create-traced", page] => super::calls::create_traced(page),
        ["traceable"] => std::process::exit(if steps::may_be_traced() { 0 } else { 3 }),
        ["churn", page, seed] => churn(page, seed.parse().expect("a number")),
        ["write", page] => write(page),
        ["write-on", page] => write_on(page),
        ["refused", page] => refused(page),
        ["read", page, generations, writers] => {
            read(page, generations.parse().expect("a number"), writers.parse().expect("a number"));
        }
        ["fork", page] => fork(page),
        ["lose", page, what] => ownership::lose(page, what),
        ["clone", page] => ownership::clone_children(page),
        ["fork-by", how, page] => forks::fork_by(how, page),
        ["lock", page] => lock(page),
        ["full", folder] => full(folder),
        ["no-room", page] => no_room(page),
        ["fresh", page] => fresh(page),
        ["promise", page] => promise(page),
        ["named", "shared", path] => named::shared(path),
        ["named", "refused", path] => named::refused(path),
        ["named", "system", name] => named::system(name),
        ["named", "service", name] => named::service(name),
        ["named", runtime] => named::named(runtime),
        ["other-user", folder] => users::effective(folder),
        ["users", "known", page] => users::known(page),
        ["users", "unknown", page] => users::unknown(page),
        ["lapped", page] => laps::lapped(page),
        ["stamped", page] => laps::stamped(page),
        #[cfg(target_arch = "x86_64")]
        ["record", page] => super::record::record(page),
        ["refused-call", case, page] => refused::refused_call(case, page),
        ["interrupted", page] => signals::interrupted(page),
        ["touch", page] => hostile::touch(page),
        ["overwrite", page] => hostile::overwrite(page),
        ["survive", page] => hostile::survive(page),
        ["inherited", number] => inherited(number.parse().expect("a number")),
        _ => panic!("no role {args:?}"),
    }
}

pub(crate) fn print_line(line: &str) {
    println!("{line}");
    io::stdout().flush().expect("the test reads it");
}

/// Reads the next line from the test; `None` when the test closes the pipe.
pub(crate) fn read_line() -> Option<String> {
    let mut line = String::new();
    (io::stdin().read_line(&mut line).expect("text") > 0).then(|| line.trim().to_owned())
}

/// A value at the beginning of a memory page. How many single steps a `rep movsb` takes depends on the
/// processor's make and on where source and destination lie; a stack lies elsewhere in each process.
#[repr(align(4096))]
struct PageAligned<T>(T);

/// Publishes one value, traced.
fn set_traced<T: SelfChecking>(page: &str) {
    let hour = Options::new().lifetime(Duration::from_secs(3600));
    let mut writer = Writer::<T>::take_over(page, &hour).expect("the page is free");
    let value = Box::new(PageAligned(T::from_number(writer.generation() + 1)));
    steps::begin();
    writer.set_from(&value.0).expect("the page is ours");
    steps::end();
}

fn take_over_traced(page: &str) {
    steps::begin();
    let writer = Writer::<Medium>::take_over(page, &Options::new());
    steps::end();
    drop(writer);
}

/// Creates, writes, leaves and removes the page again and again, until it is killed.
fn churn(page: &str, seed: u64) {
    print_line("ready");
    for round in seed.. {
        // A process that is killed between the two leaves no page; the next one creates it.
        if round % 8 == 7 {
            tearfree_page::remove(page).expect("the page is free");
        }
        let options = Options::new().wakes(round % 2 == 0);
        let options = options.lifetime(Duration::from_millis(20)).replace(true);
        let value = Medium::from_number(round);
        let mut writer = Writer::create(page, value, &options).expect("the page is free");
        for step in 0..50 {
            writer.set(Medium::from_number(round + step)).expect("the page is ours");
        }
    }
}

/// Publishes each number that it reads, until its input ends.
fn write(page: &str) {
    let options = Options::new().lifetime(Duration::from_millis(100));
    let mut writer =
        Writer::create(page, Medium::from_number(0), &options).expect("the page is free");
    print_line("ready");
    while let Some(line) = read_line() {
        writer.set(Medium::from_number(line.parse().expect("a number"))).expect("the page is ours");
        print_line("done");
    }
}

/// Publishes one generation after another until it is killed.
fn write_on(page: &str) {
    let mut writer = Writer::<Large>::take_over(page, &Options::new()).expect("free");
    print_line("ready");
    loop {
        writer.set(Large::from_number(writer.generation() + 1)).expect("the page is ours");
    }
}

/// Tries to become a writer, and prints the error.
fn refused(page: &str) {
    let error =
        Writer::create(page, Medium::from_number(0), &Options::new()).expect_err("there is one");
    let Error::Busy { pid, .. } = &error else { panic!("{error}") };
    print_line(&format!("{pid:?} {error}").replace('\n', " "));
}

/// Reads until it has seen `generations` generations, or a hundredth of them after some seconds, none torn and
/// all in order, of at least `writers` writers; prints how many of both.
fn read(page: &str, generations: u64, writers: u64) {
    let reader = Reader::<Large>::open(page).expect("a page");
    print_line("ready");
    let (mut last, mut seen) = (0, 0);
    let takeovers = || reader.writer().expect("a dead writer delays no reader").takeovers();
    let start = Instant::now();
    // On a busy machine, reader and writer seldom run at the same time: fewer generations have to do then.
    let is_enough =
        |seen| seen >= generations || seen >= generations / 100 && start.elapsed().as_secs() >= 5;
    while !is_enough(seen) || takeovers() < writers {
        let reading = reader.read().expect("not torn");
        assert_eq!(
            reading.value.number(),
            reading.generation,
            "the value belongs to its generation"
        );
        assert!(reading.generation >= last, "no older generation");
        seen += u64::from(reading.generation > last);
        last = reading.generation;
    }
    print_line(&format!("{seen} {}", takeovers()));
}

/// A writer with one child that tries to write and exits, and one that outlives it.
fn fork(page: &str) {
    let mut writer = Writer::create(page, Medium::from_number(0), &Options::new()).expect("free");
    // SAFETY: this process has one thread.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let set = writer.set(Medium::from_number(9));
        let word = writer.set_word(0, 9);
        let touch = writer.touch();
        let update = writer.update(|_| ());
        // It may have a page of its own, and is still not the writer of its parent's.
        let own = format!("{page}-of-the-child");
        let mut own = Writer::create(own, 1_u64, &Options::new()).expect("another page");
        own.set(2).expect("its own page");
        let again = writer.set(Medium::from_number(9));
        let refused = [set, word, touch, update, again].iter().all(|it| *it == Err(Lost::InChild));
        // Dropping the child's copy does not end the writer.
        drop(writer);
        std::process::exit(if refused { 0 } else { 1 });
    }
    let mut status = 0;
    // SAFETY: the status and the child are ours.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "the child wrote");
    writer.set(Medium::from_number(1)).expect("the page is ours");
    // SAFETY: as above.
    let survivor = unsafe { libc::fork() };
    if survivor == 0 {
        // Outlives its parent, which is killed; exits with the test.
        if read_line().is_some() {
            let writer = Writer::<Medium>::take_over(page, &Options::new()).expect("free");
            print_line("the child took over from its parent");
            drop(writer);
        }
        std::process::exit(0);
    }
    print_line("ready");
    loop {
        std::thread::park();
    }
}

/// Takes every lock that a reader can take.
fn lock(page: &str) {
    let file = File::open(format!("{page}/page")).expect("readable");
    flock(&file, FlockOperation::LockExclusive).expect("a reader may lock the page");
    let refused = OpenOptions::new().read(true).open(format!("{page}/lock"));
    print_line(if refused.is_err() { "ready" } else { "a reader can open the lock of the writer" });
    while read_line().is_some() {}
}

/// Fills a small file system with pages, in its own mount namespace.
fn full(folder: &str) {
    let mount = ["-t", "tmpfs", "-o", "size=256k", "tearfree", folder];
    assert!(Command::new("mount").args(mount).status().expect("mount").success());
    let mut pages = Vec::new();
    let error = loop {
        let page = format!("{folder}/{}", pages.len());
        match Writer::create(&page, Large::from_number(7), &Options::new()) {
            Ok(writer) => pages.push((page, writer)),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::NoSpace { .. }), "{error}");
    let left = format!("{folder}/{}", pages.len());
    assert!(!fs::exists(left).expect("readable"), "an unfinished page was left");
    for (page, writer) in &mut pages {
        writer.set(Large::from_number(8)).expect("the page is ours");
        assert_eq!(Reader::<Large>::open(&page).unwrap().read().unwrap().value.number(), 8);
    }
    print_line(&format!("{}", pages.len()));
}

/// Exceeds a limit on the size of files; the page that existed before is unchanged.
fn no_room(page: &str) {
    drop(Writer::create(page, 5_u64, &Options::new()).expect("free"));
    // SIGXFSZ, which a write beyond the limit is, would end this process.
    setrlimit(Resource::Fsize, Rlimit { current: Some(2000), maximum: Some(2000) }).unwrap();
    let error =
        Writer::create(page, Large::from_number(1), &Options::new().replace(true)).unwrap_err();
    assert!(matches!(error, Error::NoSpace { .. }), "{error}");
    assert!(error.to_string().contains("nothing was changed"), "{error}");
    assert_eq!(Reader::<u64>::open(page).expect("as before").read().unwrap().value, 5);
    assert_eq!(fs::read_dir(page).expect("readable").count(), 2, "an unfinished page was left");
    // Not even a lock file.
    setrlimit(Resource::Fsize, Rlimit { current: Some(0), maximum: Some(0) }).unwrap();
    let error = Writer::create(format!("{page}-2"), 5_u8, &Options::new()).unwrap_err();
    assert!(matches!(error, Error::NoSpace { .. }), "{error}");
    assert!(error.to_string().contains("nothing was changed"), "{error}");
    assert!(!fs::exists(format!("{page}-2")).expect("readable"), "a directory was left");
}

/// Creates a page with a promise, in a time namespace where `CLOCK_BOOTTIME` is not `CLOCK_MONOTONIC`.
fn promise(page: &str) {
    let boot_time =
        || Duration::try_from(clock_gettime(ClockId::Boottime)).expect("a length of time");
    let hour = Duration::from_secs(3600);
    let before = boot_time() + hour;
    let _writer = Writer::create(page, 5_u64, &Options::new().lifetime(hour)).expect("free");
    let after = boot_time() + hour;
    let bytes = fs::read(format!("{page}/page")).expect("readable");
    let [published, until] = [448, 456]
        .map(|at| u64::from_ne_bytes(bytes[at..at + 8].try_into().expect("8 bytes")))
        .map(Duration::from_nanos);
    assert!((before..=after).contains(&until), "{until:?}");
    assert!((before..=after).contains(&(published + hour)), "{published:?}");
    assert!(after.as_secs() > 100_000 + hour.as_secs(), "this is no other time namespace");
}

/// Prints the value of a page, its freshness, whether its age is known, and whether its writer is running.
fn fresh(page: &str) {
    let reader = Reader::<Medium>::open(page).expect("a page");
    let (reading, writer) = (reader.read().expect("not torn"), reader.writer().expect("one"));
    let freshness = match reading.freshness() {
        Freshness::Fresh(_) => "fresh",
        Freshness::Stale(_) => "stale",
        Freshness::Unpromised => "unpromised",
        Freshness::Unknown => "unknown",
    };
    let age = if reading.age().is_some() { "aged" } else { "ageless" };
    print_line(&format!("{} {freshness} {age} {:?}", reading.value.number(), writer.is_running()));
}

/// Reads a sealed page from an inherited file descriptor.
fn inherited(number: u32) {
    let reader = Reader::<Medium>::open_inherited(number).expect("a sealed page");
    print_line(&format!("{}", reader.read().expect("not torn").value.number()));
    let file = File::open(format!("/proc/self/fd/{number}")).expect("readable");
    assert!(rustix::fs::ftruncate(file.as_fd(), 0).is_err(), "it can be truncated");
    let writable =
        OpenOptions::new().read(true).write(true).open(format!("/proc/self/fd/{number}"));
    if let Ok(writable) = writable {
        assert!((&writable).write(b"x").is_err(), "it can be written to");
        assert!(writable.set_len(0).is_err(), "it can be truncated");
    }
}
