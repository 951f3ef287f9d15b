// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writers that lose their lock, or seem to: nothing is torn, no generation goes back, and the writer learns of it.

use core::sync::atomic::{AtomicBool, Ordering::SeqCst};
use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use tearfree_page::{Error, Lost, Options, Reader, Writer, WriterState, remove};
use tempfile::TempDir;

use super::process::{Process, WATCHDOG};
use super::roles::{print_line, read_line};
use super::value::{Large, SelfChecking};
use crate::left_out::{is_emulated, leave_out};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_writer_whose_lock_is_read_keeps_its_page", kept),
    ("a_writer_that_lost_its_lock_gets_an_error", lost),
    ("a_writer_that_was_stopped_in_a_publication_tears_nothing", stopped),
    ("a_page_is_removed_under_a_writer_without_its_lock", removed),
    ("a_writer_whose_directory_is_removed_gets_an_error", without_directory),
    ("a_child_of_another_system_call_does_not_keep_the_lock", cloned),
];

/// What a process does that is harmless: its lock belongs to an open file that stays open.
const HARMLESS: [&str; 3] = ["nothing", "read", "lock"];
/// What loses its lock.
const LOSSES: [&str; 4] = ["close", "close-all", "remove", "restore"];

fn new_path() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    (folder, page)
}

fn start(page: &Path, what: &str) -> Process {
    Process::start(&["lose", page.to_str().unwrap(), what]).wait_ready()
}

/// The role of a writer that does something careless, and publishes until it has lost its page, or its input ends.
pub(crate) fn lose(page: &str, what: &str) {
    let options = Options::new().timed(what != "untimed");
    let mut writer =
        Writer::create(page, Large::from_number(0), &options).expect("the page is free");
    let lock = format!("{page}/lock");
    match what {
        "nothing" | "untimed" => {}
        // A backup, a directory walk, another library.
        "read" => drop(fs::read(&lock).expect("the lock file is readable")),
        // A copy of this library in a plug-in.
        "lock" => try_to_lock(&lock),
        "close" => close_files_of(&lock),
        // A program that makes itself a daemon.
        // SAFETY: the call takes numbers; no file is used after it but the standard ones.
        "close-all" => assert_eq!(unsafe { libc::close_range(3, u32::MAX, 0) }, 0),
        "remove" => fs::remove_file(&lock).expect("the lock file is there"),
        "restore" => {
            let backup = format!("{page}/lock.bak");
            fs::copy(&lock, &backup).expect("the lock file is readable");
            fs::rename(backup, &lock).expect("the lock file is there");
        }
        _ => panic!("no loss {what}"),
    }
    print_line("ready");
    let ends = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while read_line().is_some() {}
            ends.store(true, SeqCst);
        });
        while !ends.load(SeqCst) {
            if let Err(lost) = writer.set(Large::from_number(writer.generation() + 1)) {
                assert_eq!(writer.set_word(0, 1), Err(lost), "for all that it stores");
                assert_eq!(writer.touch(), Err(lost));
                print_line(&format!("{lost:?}"));
                return;
            }
        }
        print_line("kept");
    });
    drop(writer);
}

/// Opens and closes the lock file as a second copy of the library does, which cannot get the lock.
fn try_to_lock(lock: &str) {
    let file = fs::File::options().read(true).write(true).open(lock).expect("the owner's file");
    // SAFETY: all zeros is a lock of the whole file.
    let mut whole: libc::flock = unsafe { core::mem::zeroed() };
    whole.l_type = libc::F_WRLCK as libc::c_short;
    let number = std::os::fd::AsRawFd::as_raw_fd(&file);
    // SAFETY: the file is open, and the lock is alive.
    assert_eq!(unsafe { libc::fcntl(number, libc::F_OFD_SETLK, &raw const whole) }, -1);
}

/// Closes the descriptors of a file behind the back of their owner.
fn close_files_of(path: &str) {
    for entry in fs::read_dir("/proc/self/fd").expect("/proc").map(Result::unwrap) {
        if fs::read_link(entry.path()).is_ok_and(|file| file == Path::new(path)) {
            let number = entry.file_name().to_str().unwrap().parse().unwrap();
            // SAFETY: the number is that of an open file, which no one uses from here on.
            assert_eq!(unsafe { libc::close(number) }, 0);
        }
    }
}

/// Reads the page of a name in a thread, through each replacement, until it is told to end.
///
/// # Panics
/// If a value is torn, or an older one follows a newer one.
fn while_reading(page: &Path, run: impl FnOnce()) {
    let ends = AtomicBool::new(false);
    thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut last = 0;
            // Once at least, on a machine that has no time for this thread.
            loop {
                let reader = Reader::<Large>::open(page).expect("there is always a page");
                let mut number = 0;
                loop {
                    let reading = reader.read().expect("no correct writer laps it so often");
                    assert!(reading.generation >= last, "{} after {last}", reading.generation);
                    assert!(reading.value.number() >= number, "an older value");
                    (last, number) = (reading.generation, reading.value.number());
                    if ends.load(SeqCst) {
                        return;
                    }
                    if reading.writer_state() == WriterState::Superseded {
                        break;
                    }
                }
            }
        });
        // The other one ends in any case.
        let end = End(&ends);
        run();
        drop(end);
        reading.join().expect("no torn and no older value");
    });
}

struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

fn publish(writer: &mut Writer<Large>, how_many: usize) {
    for _ in 0..how_many {
        writer.set(Large::from_number(writer.generation() + 1)).expect("it has the lock");
    }
}

fn kept() {
    for what in HARMLESS {
        let (_folder, page) = new_path();
        let first = start(&page, what);
        while_reading(&page, || {
            for _ in 0..20 {
                let error = Writer::<Large>::take_over(&page, &Options::new()).unwrap_err();
                assert!(matches!(error, Error::Busy { .. }), "{what}: {error}");
                thread::sleep(Duration::from_millis(1));
            }
        });
        let mut first = first;
        drop(first.child.stdin.take());
        assert_eq!(first.read_line(), "kept", "{what}");
        assert!(first.wait_exit().success());
    }
}

fn lost() {
    for (what, is_created) in LOSSES.into_iter().flat_map(|what| [(what, false), (what, true)]) {
        let (_folder, page) = new_path();
        let mut first = start(&page, what);
        let old = Reader::<Large>::open(&page).unwrap();
        while_reading(&page, || {
            let before = old.generation();
            let mut second = if is_created {
                // No number of the first writer is as large.
                Writer::create(&page, Large::from_number(1 << 40), &Options::new()).unwrap()
            } else {
                Writer::take_over(&page, &Options::new()).unwrap()
            };
            assert!(second.generation() >= before + (1 << 20), "{what}: far behind the first one");
            assert_eq!(first.read_line(), format!("{:?}", Lost::TakenOver), "{what}");
            if !is_created {
                publish(&mut second, 1000);
            }
            let reader = Reader::<Large>::open(&page).unwrap();
            assert_eq!(reader.writer_state(), WriterState::Live, "the first one does not end it");
            assert_eq!(reader.generation(), second.generation());
            let takeovers = second.identity().unwrap().takeovers();
            assert_eq!(takeovers, 1, "{what}: one writer before it");
            assert!(first.wait_exit().success());
            assert_eq!(reader.writer_state(), WriterState::Live, "the first one does not end it");
        });
        assert_eq!(old.writer_state(), WriterState::Superseded);
        old.read().unwrap().value.number();
    }
}

fn is_odd(page: &Path) -> bool {
    let bytes = fs::read(page.join("page")).unwrap();
    u64::from_ne_bytes(bytes[128..136].try_into().unwrap()) % 2 == 1
}

fn send(process: &Process, signal: i32) {
    // SAFETY: the call takes numbers.
    assert_eq!(unsafe { libc::kill(process.pid().cast_signed(), signal) }, 0);
}

/// Stops a writer between the two stores to the count.
fn stop_in_a_publication(writer: &Process, page: &Path) {
    let begin = Instant::now();
    loop {
        send(writer, libc::SIGSTOP);
        let stat = format!("/proc/{}/stat", writer.pid());
        let is_stopped = || {
            let stat = fs::read_to_string(&stat).unwrap();
            stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('T'))
        };
        while !is_stopped() {
            assert!(begin.elapsed() < WATCHDOG, "it does not stop");
            thread::yield_now();
        }
        if is_odd(page) {
            return;
        }
        send(writer, libc::SIGCONT);
        thread::sleep(Duration::from_micros(137));
        assert!(begin.elapsed() < WATCHDOG, "it is never in the middle of a publication");
    }
}

fn stopped() {
    for what in LOSSES {
        let (_folder, page) = new_path();
        let mut first = start(&page, what);
        stop_in_a_publication(&first, &page);
        let old = Reader::<Large>::open(&page).unwrap();
        let before = old.read().unwrap();
        let second = Writer::<Large>::take_over(&page, &Options::new());
        while_reading(&page, || {
            let mut second = second.expect("the lock is free");
            assert_eq!(second.get(), before.value, "it keeps the last whole value");
            publish(&mut second, 100);
            assert_eq!(old.read().unwrap().value, before.value, "nothing is written to its page");
            send(&first, libc::SIGCONT);
            assert_eq!(first.read_line(), format!("{:?}", Lost::TakenOver), "{what}");
            publish(&mut second, 100);
        });
        let last = old.read().unwrap();
        assert_eq!(last.generation, before.generation + 1, "what it was about to publish, no more");
        assert_eq!(last.value.number(), last.generation);
        assert!(first.wait_exit().success());
    }
}

fn removed() {
    let (_folder, page) = new_path();
    let mut first = start(&page, "close");
    let old = Reader::<Large>::open(&page).unwrap();
    remove(&page).unwrap();
    assert!(!page.exists());
    assert_eq!(first.read_line(), format!("{:?}", Lost::TakenOver));
    assert_eq!(old.read().unwrap().writer_state(), WriterState::Superseded);
    assert!(first.wait_exit().success());
    old.read().unwrap().value.number();
}

/// No one can reach the page of a removed directory to mark it, so its writer looks at its file.
fn without_directory() {
    for what in ["nothing", "untimed"] {
        let (_folder, page) = new_path();
        let mut first = start(&page, what);
        let old = Reader::<Large>::open(&page).unwrap();
        fs::remove_dir_all(&page).unwrap();
        let mut second = Writer::create(&page, Large::from_number(0), &Options::new()).unwrap();
        while_reading(&page, || publish(&mut second, 1000));
        old.read().unwrap().value.number();
        assert_eq!(first.read_line(), format!("{:?}", Lost::Removed), "{what}");
        assert!(first.wait_exit().success());
        assert_eq!(old.writer_state(), WriterState::Ended, "{what}");
        assert_eq!(Reader::<Large>::open(&page).unwrap().writer_state(), WriterState::Live);
    }
}

/// The role of a writer whose children no handler of the C library sees.
pub(crate) fn clone_children(page: &str) {
    let clone = || {
        // SAFETY: as `fork`, in a process with one thread.
        unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) }
    };
    let mut writer =
        Writer::create(page, Large::from_number(0), &Options::new()).expect("the page is free");
    // One that drops what it inherited.
    let dropping = clone();
    if dropping == 0 {
        let set = writer.set(Large::from_number(1));
        drop(writer);
        // SAFETY: ends the child.
        unsafe { libc::_exit(i32::from(set != Err(Lost::InChild))) };
    }
    let mut status = 0;
    // SAFETY: the status and the child are ours.
    let waited = unsafe { libc::waitpid(dropping as libc::pid_t, &raw mut status, 0) };
    assert_eq!((waited, status), (dropping as libc::pid_t, 0), "the child wrote");
    // And one that lives on with it, and ends with this process, also if that has ended by now.
    let parent = std::process::id();
    if clone() == 0 {
        // SAFETY: the call takes numbers only.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
        while std::os::unix::process::parent_id() == parent {
            thread::park();
        }
    }
    publish(&mut writer, 1);
    print_line("ready");
    assert_eq!(read_line().as_deref(), Some("end"));
    drop(writer);
    print_line("ended");
    loop {
        thread::park();
    }
}

fn cloned() {
    if is_emulated() {
        return leave_out("an emulator clears no memory in children that only the system knows of");
    }
    let (_folder, page) = new_path();
    let mut first = Process::start(&["clone", page.to_str().unwrap()]).wait_ready();
    let error = Writer::<Large>::take_over(&page, &Options::new()).unwrap_err();
    assert!(matches!(error, Error::Busy { .. }), "a child has released its lock: {error}");
    assert_eq!(Reader::<Large>::open(&page).unwrap().writer_state(), WriterState::Live);
    first.send_line("end");
    assert_eq!(first.read_line(), "ended");
    let writer = Writer::<Large>::take_over(&page, &Options::new()).expect("the lock is free");
    assert_eq!((writer.generation(), writer.get().number()), (1, 1), "the same page");
}
