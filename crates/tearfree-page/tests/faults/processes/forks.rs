// SPDX-License-Identifier: MIT OR Apache-2.0
//! The ways in which a process can be forked: in each of them, the child is not the writer.

use core::ptr::null_mut;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tearfree_page::{Lost, Options, Reader, WaitDescriptor, Waited, Writer};
use tempfile::TempDir;

use super::process::{Process, WATCHDOG, may_unshare};
use super::refused::refuse_wiping;
use super::roles::print_line;
use crate::left_out::leave_out;

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_child_of_the_c_library_is_no_writer_where_the_kernel_clears_no_memory", not_wiped),
    ("a_child_of_a_system_call_is_no_writer", system_call),
    ("a_child_with_the_process_id_of_its_parent_is_no_writer", same_id),
    ("a_child_with_the_process_id_of_its_parent_is_woken", same_id_waits),
];

fn not_wiped() {
    try_fork(&[], "not-wiped");
}

fn system_call() {
    try_fork(&[], "system-call");
}

fn same_id() {
    in_namespace("a_child_with_the_process_id_of_its_parent_is_no_writer", "same-id");
}

fn same_id_waits() {
    in_namespace("a_child_with_the_process_id_of_its_parent_is_woken", "same-id-waits");
}

fn in_namespace(test: &str, how: &str) {
    if may_unshare(test, &["--pid", "--fork"]) {
        try_fork(&["unshare", "--pid", "--fork"], how);
    }
}

fn try_fork(wrapper: &[&str], how: &str) {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    let mut process = Process::start_under(wrapper, &["fork-by", how, page.to_str().unwrap()]);
    match process.read_line().as_str() {
        "as expected" => assert!(process.wait_exit().success()),
        "no filters" => leave_out("system calls cannot be filtered here"),
        "not wiped" => leave_out("this kernel, or emulator, clears no memory in forked children"),
        other => panic!("{how}: {other}"),
    }
}

/// Has a child, forked in one of the ways, try to publish.
pub(crate) fn fork_by(how: &str, page: &str) {
    if how == "not-wiped" && !refuse_wiping() {
        return print_line("no filters");
    }
    if how == "system-call" && !wipes() {
        return print_line("not wiped");
    }
    if how == "same-id-waits" {
        return wait_in_child(page);
    }
    let mut writer = Writer::create(page, 5_u64, &Options::new()).expect("free");
    let child = match how {
        "system-call" => fork_by_system_call(),
        "same-id" => fork_into_namespace(),
        // SAFETY: this process has one thread.
        _ => unsafe { libc::fork() },
    };
    if child == 0 {
        if how == "same-id" {
            assert_eq!(std::process::id(), 1, "the first of its namespace, as its parent");
        }
        // It may have a page of its own.
        let own = format!("{page}-of-the-child");
        let mut own = Writer::create(own, 1_u64, &Options::new()).expect("another page");
        own.set(2).expect("it is the child's");
        let is_refused = writer.set(6) == Err(Lost::InChild);
        std::process::exit(if own.get() == 2 && is_refused { 0 } else { 1 });
    }
    assert!(has_succeeded(child));
    let reading = Reader::<u64>::open(page).expect("a page").read().expect("not torn");
    assert_eq!((reading.value, reading.generation), (5, 0), "the child published");
    writer.set(7).expect("the parent is the writer");
    assert_eq!(writer.get(), 7);
    print_line("as expected");
}

/// Has a parent and then its child wait by a descriptor. Each needs a thread of its own for that.
fn wait_in_child(page: &str) {
    assert!(is_notified(page), "the parent is notified");
    let child = fork_into_namespace();
    if child == 0 {
        assert_eq!(std::process::id(), 1, "the first of its namespace, as its parent");
        std::process::exit(if is_notified(&format!("{page}-of-the-child")) { 0 } else { 1 });
    }
    assert!(has_succeeded(child), "the child is notified");
    print_line("as expected");
}

/// Whether a descriptor becomes readable when a new page changes.
fn is_notified(page: &str) -> bool {
    let mut writer = Writer::create(page, 5_u64, &Options::new().wakes(true)).expect("free");
    let reader = Reader::<u64>::open(page).expect("a page");
    let mut watch = reader.watch(0);
    let mut descriptor = WaitDescriptor::new().expect("a descriptor");
    assert_eq!(descriptor.events(&mut [&mut watch]).expect("a thread"), []);
    writer.set(6).expect("it is the writer");
    let timeout = Timespec::try_from(WATCHDOG / 2).expect("a short time");
    let ready = poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], Some(&timeout));
    ready == Ok(1)
        && descriptor.events(&mut [&mut watch]).expect("a thread") == [(0, Waited::Changed)]
}

fn fork_by_system_call() -> libc::pid_t {
    const SIGNAL: libc::c_long = libc::SIGCHLD as libc::c_long;
    // The order of the first two arguments differs on s390x.
    let (first, second) = if cfg!(target_arch = "s390x") { (0, SIGNAL) } else { (SIGNAL, 0) };
    // SAFETY: this process has one thread, and the child uses the stack of this one, a copy.
    let child = unsafe { libc::syscall(libc::SYS_clone, first, second, 0_usize, 0_usize, 0_usize) };
    libc::pid_t::try_from(child).expect("a process")
}

fn fork_into_namespace() -> libc::pid_t {
    assert_eq!(std::process::id(), 1, "the first of its namespace");
    // SAFETY: the call takes a number only.
    assert_eq!(unsafe { libc::unshare(libc::CLONE_NEWPID) }, 0);
    // SAFETY: the child uses no lock that another thread of this process can have: the one that waits for pages sleeps.
    unsafe { libc::fork() }
}

fn has_succeeded(child: libc::pid_t) -> bool {
    let mut status = 0;
    // SAFETY: the status and the child are ours.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}

/// Whether memory is cleared in forked children, as it was asked for.
fn wipes() -> bool {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping, at an address that the system chooses.
    let page =
        unsafe { libc::mmap(null_mut(), 4096, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
    let word = page.cast::<u64>();
    // SAFETY: the mapping is ours.
    let advised = unsafe { libc::madvise(page, 4096, libc::MADV_WIPEONFORK) };
    // SAFETY: the mapping is ours, and aligned.
    unsafe { word.write_volatile(7) };
    // SAFETY: this process has one thread.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: the mapping is ours, and aligned.
        let is_wiped = unsafe { word.read_volatile() } == 0;
        std::process::exit(if is_wiped { 0 } else { 1 });
    }
    advised == 0 && has_succeeded(child)
}
