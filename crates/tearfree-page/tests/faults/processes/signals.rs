// SPDX-License-Identifier: MIT OR Apache-2.0
//! Signals that come while a call waits.

use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use core::time::Duration;
use std::fs;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::Instant;

use tearfree_page::{Error, Options, Reader, Waited, Writer};
use tempfile::TempDir;

use super::process::{Process, WATCHDOG};

pub(crate) const TESTS: &[(&str, fn())] = &[("signals_end_no_wait", no_wait)];

fn no_wait() {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    assert!(Process::start(&["interrupted", page.to_str().unwrap()]).wait_exit().success());
}

/// Has the end of a child process reported. A parent that ignores the signal passes that on, and then
/// nothing can wait for a process.
pub(crate) fn restore_child_signal() {
    // SAFETY: sets the default action.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
}

/// Has a signal end this process after that time.
pub(crate) fn end_after(time: Duration) {
    // SAFETY: sets the default action, which ends the process.
    unsafe { libc::signal(libc::SIGALRM, libc::SIG_DFL) };
    unblock(libc::SIGALRM);
    let seconds = time.as_secs().try_into().expect("minutes");
    // SAFETY: the call takes a number.
    unsafe { libc::alarm(seconds) };
}

/// Lets a signal through, which the parent may have blocked.
fn unblock(signal: libc::c_int) {
    // SAFETY: all zeros is a set of signals.
    let mut signals: libc::sigset_t = unsafe { core::mem::zeroed() };
    // SAFETY: the set is ours.
    let added = unsafe { libc::sigaddset(&raw mut signals, signal) };
    // SAFETY: as above.
    let unblocked =
        unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const signals, null_mut()) };
    assert_eq!((added, unblocked), (0, 0));
}

static HANDLED: AtomicUsize = AtomicUsize::new(0);

extern "C" fn on_signal(_: libc::c_int) {
    HANDLED.fetch_add(1, SeqCst);
}

/// Handles the signal, and has it interrupt system calls.
fn handle_signal() {
    // SAFETY: all zeros is a valid action without flags, `SA_RESTART` among them.
    let mut action: libc::sigaction = unsafe { core::mem::zeroed() };
    action.sa_sigaction = on_signal as *const () as usize;
    // SAFETY: the handler stores to an atomic.
    let handled = unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, null_mut()) };
    assert_eq!(handled, 0);
    unblock(libc::SIGUSR1);
}

/// Runs `wait` in this thread. Another thread interrupts it by three signals, each when it sleeps, and then
/// calls `finish`, which ends it.
fn interrupted_while<R>(wait: impl FnOnce() -> R, finish: impl FnOnce() + Send) -> R {
    // SAFETY: names this thread.
    let waiter = unsafe { libc::pthread_self() };
    let status = Path::new("/proc").join(fs::read_link("/proc/thread-self").unwrap());
    thread::scope(|scope| {
        scope.spawn(move || {
            let start = Instant::now();
            let wait_until = |condition: &dyn Fn() -> bool| {
                while !condition() {
                    if start.elapsed() > WATCHDOG {
                        eprintln!("the wait has ended, or does not sleep");
                        std::process::exit(1);
                    }
                    thread::yield_now();
                }
            };
            for _ in 0..3 {
                wait_until(&|| is_asleep(&status));
                let handled = HANDLED.load(SeqCst);
                // SAFETY: the thread waits for this one.
                unsafe { libc::pthread_kill(waiter, libc::SIGUSR1) };
                wait_until(&|| HANDLED.load(SeqCst) > handled);
            }
            finish();
        });
        wait()
    })
}

fn is_asleep(thread: &Path) -> bool {
    let stat = fs::read_to_string(thread.join("stat")).unwrap();
    stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('S'))
}

/// Waits in each way that there is, and is interrupted.
pub(crate) fn interrupted(page: &str) {
    handle_signal();
    for wakes in [true, false] {
        let options = Options::new().wakes(wakes).replace(true);
        let mut writer = Writer::create(page, 5_u64, &options).expect("free");
        let reader = Reader::<u64>::open(page).expect("a page");
        let seen = reader.generation();
        let waited =
            interrupted_while(|| reader.wait_changed(seen, None), || writer.set(6).unwrap());
        assert_eq!((waited, reader.get()), (Waited::Changed, Ok(6)));
    }
    let writer = Writer::create_sealed("page", 7_u64, &Options::new()).expect("a memory file");
    let (here, there) = UnixStream::pair().expect("two sockets");
    let send = || writer.send(&here).expect("there is a receiver");
    let reader = interrupted_while(|| Reader::<u64>::receive(&there), send);
    assert_eq!(reader.expect("it was sent").get(), Ok(7));

    // A program in C may not ignore this signal, as Rust's do.
    // SAFETY: sets the default action, which ends this process.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    drop(there);
    assert!(matches!(writer.send(&here), Err(Error::System { what: "send through", .. })));
}
