// SPDX-License-Identifier: MIT OR Apache-2.0
//! The moment at which the lock of a page is released: when a thread takes it, and when the page is removed.
//!
//! Closing any file of a lock releases the process's lock, so a thread that takes it before the other one has
//! closed its file would lose it unnoticed. This program has a `close` of its own, which stops in between.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]
#![allow(unsafe_code, reason = "a function of the C library is replaced")]

use core::mem::ManuallyDrop;
use core::sync::atomic::{AtomicBool, AtomicI32, Ordering::SeqCst};
use core::time::Duration;
use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Instant;

use tearfree_page::{Options, Writer, remove};
use tempfile::TempDir;

/// After this time the test fails: something hangs.
const WATCHDOG: Duration = Duration::from_secs(60);

/// The file whose closing is stopped; -1 for none.
static STOPPED: AtomicI32 = AtomicI32::new(-1);
static PAGE: OnceLock<PathBuf> = OnceLock::new();
/// Whether another thread has become the writer.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);
/// Receives that writer.
static NEXT: Mutex<Option<Receiver<Writer<u64>>>> = Mutex::new(None);

/// The directory of a page that is removed.
static REMOVED: OnceLock<PathBuf> = OnceLock::new();
/// Whether its lock was closed, and whether that was before the directory was gone.
static CLOSED: AtomicBool = AtomicBool::new(false);
static CLOSED_WHILE_THERE: AtomicBool = AtomicBool::new(false);

/// Takes the place of the C library's function, which the standard library calls.
#[unsafe(no_mangle)]
extern "C" fn close(file: libc::c_int) -> libc::c_int {
    if STOPPED.compare_exchange(file, -1, SeqCst, SeqCst).is_ok() {
        take_over_meanwhile();
    }
    if let Some(page) = REMOVED.get()
        && let Ok(path) = fs::read_link(format!("/proc/self/fd/{file}"))
        // Once it was removed, " (deleted)" follows.
        && path.to_string_lossy().starts_with(&*page.join("lock").to_string_lossy())
    {
        CLOSED_WHILE_THERE.fetch_or(page.exists(), SeqCst);
        CLOSED.store(true, SeqCst);
    }
    // SAFETY: what the caller asked for.
    unsafe { libc::syscall(libc::SYS_close, file) as libc::c_int }
}

/// Has another thread take over the page, and waits until it has done so, or sleeps until it may.
fn take_over_meanwhile() {
    let (started, starts) = channel();
    let (writers, writer) = channel();
    thread::spawn(move || {
        started.send(fs::read_link("/proc/thread-self").unwrap()).unwrap();
        let page = PAGE.get().unwrap();
        let next = Writer::<u64>::take_over(page, &Options::new()).unwrap();
        IS_TAKEN.store(true, SeqCst);
        writers.send(next).unwrap();
    });
    let next = Path::new("/proc").join(starts.recv().unwrap());
    let begin = Instant::now();
    let mut asleep = 0;
    // Asleep for a while: it waits for what this thread holds, and not for memory or a file.
    while !IS_TAKEN.load(SeqCst) && asleep < 100 {
        assert!(begin.elapsed() < WATCHDOG, "the other thread neither takes over nor waits");
        let stat = fs::read_to_string(next.join("stat")).unwrap_or_default();
        let sleeps =
            stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('S'));
        asleep = if sleeps { asleep + 1 } else { 0 };
        thread::sleep(Duration::from_millis(1));
    }
    *NEXT.lock().unwrap() = Some(writer);
}

/// Returns whether a process has the lock, as another process would see it. Closing the file would release
/// the lock, so it stays open.
fn is_locked(lock: &File) -> bool {
    // SAFETY: all zeros is a valid question.
    let mut question: libc::flock = unsafe { core::mem::zeroed() };
    question.l_type = libc::F_WRLCK as libc::c_short;
    // SAFETY: the file is open, and the question is alive.
    let asked = unsafe { libc::fcntl(lock.as_raw_fd(), libc::F_OFD_GETLK, &raw mut question) };
    assert_eq!(asked, 0, "{}", std::io::Error::last_os_error());
    question.l_type != libc::F_UNLCK as libc::c_short
}

#[test]
fn a_thread_that_takes_the_lock_while_it_is_released_keeps_it() {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    PAGE.set(page.clone()).unwrap();
    let first = Writer::create(&page, 1_u64, &Options::new()).unwrap();
    let number = fs::read_dir("/proc/self/fd")
        .unwrap()
        .map(|file| file.unwrap().path())
        .find(|file| fs::read_link(file).is_ok_and(|path| path == page.join("lock")))
        .expect("the lock's file is open");
    let number: i32 = number.file_name().unwrap().to_str().unwrap().parse().unwrap();
    // Never closed, for that would release the lock.
    let lock = ManuallyDrop::new(File::open(page.join("lock")).unwrap());
    assert!(is_locked(&lock), "by the first writer");

    STOPPED.store(number, SeqCst);
    drop(first);
    let receiver = NEXT.lock().unwrap().take().expect("`close` stopped");
    let next = receiver.recv_timeout(WATCHDOG).expect("it is free now");
    assert!(is_locked(&lock), "the next writer has lost its lock");
    assert_eq!(next.get(), 1);
    drop(next);
    assert!(!is_locked(&lock), "nothing holds it now");
}

/// Otherwise a process that takes the lock could create a page whose files are then removed.
#[test]
fn the_lock_is_held_until_the_page_is_gone() {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    drop(Writer::create(&page, 1_u64, &Options::new()).unwrap());
    REMOVED.set(page.clone()).unwrap();
    remove(&page).unwrap();
    assert!(CLOSED.load(SeqCst), "its lock was closed by `close`");
    assert!(!CLOSED_WHILE_THERE.load(SeqCst), "the lock was released before the page was gone");
}
