// SPDX-License-Identifier: MIT OR Apache-2.0
//! Changes the counts of a page and of its writer's record at each access to the header, which is made inaccessible again after
//! a single step. On x86-64 only: elsewhere a process cannot step itself.

use core::ptr::null_mut;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use core::time::Duration;
use std::fs::{self, OpenOptions};

use rustix::mm::{MapFlags, ProtFlags, mmap};
use tearfree_page::{ByteReader, Freshness, Options, Writer};
use tempfile::TempDir;

use super::process::Process;

pub(crate) const TESTS: &[(&str, fn())] =
    &[("reading_a_record_that_changes_each_time_ends", changing)];

const MEMORY_PAGE: usize = 4096;
const COUNT_AT: usize = 128;
const WRITER_COUNT: usize = 192;
/// The bit of the flags that has the processor stop after an instruction.
const SINGLE_STEP: i64 = 0x100;

/// The address of the header in the reader's mapping, and in one of the test's own.
static HEADER: AtomicUsize = AtomicUsize::new(0);
static OWN: AtomicUsize = AtomicUsize::new(0);
static ACCESSES: AtomicU64 = AtomicU64::new(0);

fn changing() {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    let status = Process::start(&["record", page.to_str().unwrap()]).wait_exit();
    assert!(status.success(), "{status}");
}

fn protect(protection: libc::c_int) {
    let header = HEADER.load(Relaxed) as *mut libc::c_void;
    // SAFETY: memory of the reader's mapping, which this test alone uses.
    assert_eq!(unsafe { libc::mprotect(header, MEMORY_PAGE, protection) }, 0);
}

/// The flags of the processor where the signal came.
fn flags<'a>(context: *mut libc::c_void) -> &'a mut i64 {
    // SAFETY: the kernel passes a valid pointer to this type, which the handler alone uses.
    let context = unsafe { &mut *context.cast::<libc::ucontext_t>() };
    &mut context.uc_mcontext.gregs[libc::REG_EFL as usize]
}

extern "C" fn on_access(_: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel passes a valid pointer.
    let info = unsafe { &*info };
    // SAFETY: the signal is one of a fault, which has an address.
    let address = unsafe { info.si_addr() } as usize;
    let is_header = address.wrapping_sub(HEADER.load(Relaxed)) < MEMORY_PAGE;
    if !is_header || ACCESSES.fetch_add(1, Relaxed) > 200_000 {
        // SAFETY: ends the process.
        unsafe { libc::_exit(9) };
    }
    for offset in [COUNT_AT, WRITER_COUNT] {
        // SAFETY: a word of the test's own mapping, which stays.
        let count = unsafe { AtomicU64::from_ptr((OWN.load(Relaxed) + offset) as *mut u64) };
        // By two generations: whatever was copied is of no use.
        count.fetch_add(4, Relaxed);
    }
    protect(libc::PROT_READ);
    *flags(context) |= SINGLE_STEP;
}

extern "C" fn on_step(_: libc::c_int, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    protect(libc::PROT_NONE);
    *flags(context) &= !SINGLE_STEP;
}

type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);

fn handle(signal: libc::c_int, handler: Handler) {
    // SAFETY: all zeros is a valid action without flags.
    let mut action: libc::sigaction = unsafe { core::mem::zeroed() };
    action.sa_sigaction = handler as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO;
    // SAFETY: the handlers only use atomics and make system calls.
    assert_eq!(unsafe { libc::sigaction(signal, &raw const action, null_mut()) }, 0);
}

/// Reads the record of the writer while its count changes.
pub(crate) fn record(page: &str) {
    let hour = Options::new().lifetime(Duration::from_secs(3600));
    drop(Writer::create(page, 5_u64, &hour).expect("free"));
    let reader = ByteReader::open(page).expect("a page");
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let line = maps.lines().find(|line| line.ends_with("/page/page")).expect("it is mapped");
    let (header, _) = line.split_once('-').unwrap();
    HEADER.store(usize::from_str_radix(header, 16).unwrap(), Relaxed);
    let file = OpenOptions::new().read(true).write(true).open(format!("{page}/page")).unwrap();
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping, at an address that the system chooses.
    let own = unsafe { mmap(null_mut(), MEMORY_PAGE, protection, MapFlags::SHARED, &file, 0) };
    OWN.store(own.unwrap() as usize, Relaxed);
    handle(libc::SIGSEGV, on_access);
    handle(libc::SIGTRAP, on_step);
    assert!(reader.writer().is_some());
    let is_fresh = || matches!(reader.freshness(), Freshness::Fresh(_));
    assert!(is_fresh() && reader.age().is_some());
    protect(libc::PROT_NONE);
    let (writer, freshness, age) = (reader.writer(), reader.freshness(), reader.age());
    protect(libc::PROT_READ);
    assert_eq!(writer, None, "a record that was never the same twice");
    assert_eq!((freshness, age), (Freshness::Unknown, None), "a stamp that was never the same");
    // Each attempt accesses the count twice.
    assert!(ACCESSES.load(Relaxed) >= 3 * 2 * 1000, "{ACCESSES:?} accesses");
    assert!(reader.writer().is_some() && is_fresh(), "it holds still now");
}
