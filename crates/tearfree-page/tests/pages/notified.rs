// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waiting in tasks and by descriptors, and without the system call for several words.

#![allow(unsafe_code, reason = "a filter of system calls, and a fork")]

use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::task::Wake;
use std::thread::{self, Thread};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tearfree_page::{
    Follower, Options, Reader, Wait, WaitDescriptor, Waited, Writer, remove, wait_any,
    wait_any_async,
};

use crate::left_out::is_emulated;
use crate::support::{WATCHDOG, ends, new_path, this_program};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future in this thread.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park_timeout(WATCHDOG),
        }
    }
}

/// Waits until a descriptor is readable, for at most this time.
fn is_readable(descriptor: &WaitDescriptor, timeout: Duration) -> bool {
    let timeout = Timespec::try_from(timeout).unwrap();
    poll(&mut [PollFd::new(descriptor, PollFlags::IN)], Some(&timeout)).unwrap() == 1
}

#[test]
fn a_task_is_woken_by_each_event() {
    for wakes in [true, false] {
        let (done, is_done) = channel();
        thread::spawn(move || {
            let (_folder, page) = new_path();
            let mut writer = Writer::create(&page, 0_u64, &Options::new().wakes(wakes)).unwrap();
            let reader = Reader::<u64>::open(&page).unwrap();
            let (asks, asked) = channel();
            thread::spawn(move || {
                for value in 1..=20 {
                    asked.recv().unwrap();
                    writer.set(value).unwrap();
                }
                asked.recv().unwrap();
                drop(writer);
                asked.recv().unwrap();
                remove(&page).unwrap();
            });
            let mut watch = reader.watch(0);
            let mut next = || {
                asks.send(()).unwrap();
                block_on(wait_any_async(&mut [&mut watch]))
            };
            for _ in 0..20 {
                assert_eq!(next(), [(0, Waited::Changed)]);
            }
            assert_eq!(next(), [(0, Waited::Ended)]);
            assert_eq!(next(), [(0, Waited::Superseded)]);
            done.send(()).unwrap();
        });
        is_done.recv_timeout(WATCHDOG).expect("a task was not woken");
    }
}

#[test]
fn a_task_that_is_dropped_loses_no_event() {
    ends(|| {
        let (_folder, page) = new_path();
        let mut writer = Writer::create(&page, 0_u64, &Options::new().wakes(true)).unwrap();
        let reader = Reader::<u64>::open(&page).unwrap();
        let mut watch = reader.watch(0);
        for value in 1..=20 {
            let mut pages: [&mut dyn Wait; 1] = [&mut watch];
            let mut waiting = Box::pin(wait_any_async(&mut pages));
            let polled = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
            writer.set(value).unwrap();
            drop(waiting);
            assert_eq!(block_on(wait_any_async(&mut pages)), [(0, Waited::Changed)]);
        }
    });
}

#[test]
fn a_task_follows_a_name() {
    ends(|| {
        let (_folder, page) = new_path();
        let mut follower = Follower::<u64>::open(&page).unwrap();
        let path = page.clone();
        let creating = thread::spawn(move || {
            // The task is woken several times before there is a page.
            thread::sleep(Duration::from_millis(400));
            Writer::create(path, 5_u64, &Options::new()).unwrap()
        });
        assert_eq!(block_on(wait_any_async(&mut [&mut follower])), [(0, Waited::Changed)]);
        assert_eq!(follower.read().unwrap().value, 5);
        drop(creating.join());
        assert_eq!(block_on(wait_any_async(&mut [&mut follower])), [(0, Waited::Ended)]);
    });
}

/// Waits for the next events of a descriptor that was asked before.
fn next(descriptor: &mut WaitDescriptor, page: &mut dyn Wait) -> Vec<(usize, Waited)> {
    loop {
        assert!(is_readable(descriptor, WATCHDOG), "it is never readable");
        let events = descriptor.events(&mut [page]).unwrap();
        if !events.is_empty() {
            // Asks for the next ones.
            while !descriptor.events(&mut [page]).unwrap().is_empty() {}
            return events;
        }
    }
}

#[test]
fn a_descriptor_becomes_readable_by_an_event() {
    for wakes in [true, false] {
        let (_folder, page) = new_path();
        let mut writer = Writer::create(&page, 0_u64, &Options::new().wakes(wakes)).unwrap();
        let reader = Reader::<u64>::open(&page).unwrap();
        let mut watch = reader.watch(0);
        let mut descriptor = WaitDescriptor::new().unwrap();
        assert_eq!(descriptor.events(&mut [&mut watch]).unwrap(), []);
        assert!(!is_readable(&descriptor, Duration::from_millis(100)), "nothing has happened");
        for value in 1..=20 {
            writer.set(value).unwrap();
            assert_eq!(next(&mut descriptor, &mut watch), [(0, Waited::Changed)]);
            assert!(!is_readable(&descriptor, Duration::ZERO), "it was asked again");
        }
        drop(writer);
        assert_eq!(next(&mut descriptor, &mut watch), [(0, Waited::Ended)]);
        remove(&page).unwrap();
        assert!(is_readable(&descriptor, WATCHDOG));
        let events = descriptor.events(&mut [&mut watch]).unwrap();
        assert_eq!(events, [(0, Waited::Superseded)]);
    }
}

#[test]
fn a_descriptor_becomes_readable_when_the_value_is_stale() {
    let (_folder, page) = new_path();
    let options = Options::new().wakes(true).lifetime(Duration::from_millis(50));
    let mut writer = Writer::create(&page, 0_u64, &options).unwrap();
    writer.set(1).unwrap();
    let reader = Reader::<u64>::open(&page).unwrap();
    let mut watch = reader.watch(1);
    let mut descriptor = WaitDescriptor::new().unwrap();
    let first = descriptor.events(&mut [&mut watch]).unwrap();
    if first.is_empty() {
        assert_eq!(next(&mut descriptor, &mut watch), [(0, Waited::Stale)]);
    } else {
        assert_eq!(first, [(0, Waited::Stale)], "this machine is slow");
    }
}

/// Runs an ignored test of this file in a process of its own.
fn run_alone(test: &str) {
    let test = format!("notified::{test}");
    let arguments = ["--exact", &test, "--ignored"];
    let run = this_program().args(arguments).output().unwrap();
    let output = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && output.contains("1 passed"), "{output}");
}

#[test]
fn waits_do_without_the_call_for_several_words() {
    run_alone("wait_without_futex_waitv");
}

#[test]
#[ignore = "runs by waits_do_without_the_call_for_several_words"]
fn wait_without_futex_waitv() {
    refuse_futex_waitv();
    let (folder, page) = new_path();
    let options = Options::new().wakes(true);
    let mut writer = Writer::create(&page, 0_u64, &options).unwrap();
    let reader = Reader::<u64>::open(&page).unwrap();
    let mut watch = reader.watch(0);
    let after_a_while = |then: Box<dyn FnOnce() + Send>| {
        thread::spawn(|| {
            thread::sleep(Duration::from_millis(50));
            then();
        })
    };
    let (sends, writers) = channel();
    after_a_while(Box::new(move || {
        writer.set(1).unwrap();
        sends.send(writer).unwrap();
    }));
    assert_eq!(watch.wait(Some(WATCHDOG)), Waited::Changed);
    after_a_while(Box::new(move || drop(writers.recv().unwrap())));
    assert_eq!(watch.wait(Some(WATCHDOG)), Waited::Ended);
    // More than one call would take.
    let create = |number: u64| {
        let page = folder.path().join(number.to_string());
        let writer = Writer::create(&page, number, &options).unwrap();
        (writer, Reader::<u64>::open(&page).unwrap())
    };
    let (mut writers, readers): (Vec<_>, Vec<_>) = (0..100).map(create).unzip();
    let mut watches: Vec<_> = readers.iter().map(|reader| reader.watch(0)).collect();
    let mut pages: Vec<&mut dyn Wait> = Vec::new();
    pages.extend(watches.iter_mut().map(|watch| -> &mut dyn Wait { watch }));
    after_a_while(Box::new(move || {
        writers[99].set(7).unwrap();
        // The others live on.
        core::mem::forget(writers);
    }));
    assert_eq!(wait_any(&mut pages, Some(WATCHDOG)), [(99, Waited::Changed)]);
}

/// Has the system refuse the call to this process, as a kernel before Linux 5.16 does.
fn refuse_futex_waitv() {
    let statement = |code: u32, jump_if: u8, jump_else: u8, k: u32| libc::sock_filter {
        code: u16::try_from(code).unwrap(),
        jt: jump_if,
        jf: jump_else,
        k,
    };
    let number = u32::try_from(libc::SYS_futex_waitv).unwrap();
    let refused = libc::SECCOMP_RET_ERRNO | u32::try_from(libc::ENOSYS).unwrap();
    let mut filter = [
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, number),
        statement(libc::BPF_RET | libc::BPF_K, 0, 0, refused),
        statement(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: 4, filter: filter.as_mut_ptr() };
    // Emulators neither filter calls nor know this one.
    if !is_emulated() {
        // SAFETY: a process may always give up to gain privileges.
        assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
        // SAFETY: the filter has four statements, and ends with a return on each path.
        let set = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program) };
        assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
    }
    // SAFETY: without words it reads nothing.
    let refused = unsafe { libc::syscall(libc::SYS_futex_waitv, 0, 0, 0, 0, 0) };
    let error = std::io::Error::last_os_error().raw_os_error();
    assert_eq!((refused, error), (-1, Some(libc::ENOSYS)));
}

/// A forked child has no thread that waits for it, and starts one.
#[test]
fn a_task_of_a_forked_child_is_woken() {
    run_alone("wait_in_a_forked_child");
}

#[test]
#[ignore = "runs by a_task_of_a_forked_child_is_woken"]
fn wait_in_a_forked_child() {
    let (_folder, page) = new_path();
    let mut writer = Writer::create(&page, 0_u64, &Options::new().wakes(true)).unwrap();
    let reader = Reader::<u64>::open(&page).unwrap();
    let mut watch = reader.watch(0);
    let mut pages: [&mut dyn Wait; 1] = [&mut watch];
    let mut waiting = Box::pin(wait_any_async(&mut pages));
    assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    // SAFETY: the child uses what it inherits, and ends by `_exit`.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // A child that is never woken ends by this signal.
        // SAFETY: sets a timer of the child.
        unsafe { libc::alarm(20) };
        let events = block_on(waiting);
        let code = i32::from(events != [(0, Waited::Changed)]);
        // SAFETY: ends the child.
        unsafe { libc::_exit(code) };
    }
    // Published before or while the child waits.
    thread::sleep(Duration::from_millis(100));
    writer.set(1).unwrap();
    let mut status = 0;
    // SAFETY: `status` is valid for a write, and the child is this process's.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert_eq!(status, 0, "the child was not woken");
    assert_eq!(block_on(waiting), [(0, Waited::Changed)]);
}
