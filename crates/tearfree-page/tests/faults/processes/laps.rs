// SPDX-License-Identifier: MIT OR Apache-2.0
//! Changes a page in the middle of a copy, each time: memory that the copy touches is made inaccessible, and
//! the handler of the fault makes the change.

use core::ptr::null_mut;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use core::time::Duration;
use std::fs::{self, OpenOptions};

use rustix::mm::{MapFlags, ProtFlags, mmap};
use tearfree_page::{ByteReader, Error, Options, ReadError, Reader, Unsettled, Writer};
use tempfile::TempDir;

use super::process::Process;
use super::value::{SelfChecking, Words};
use crate::left_out::{is_emulated, leave_out};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_reader_that_is_lapped_a_thousand_times_gives_up", || in_a_process("lapped")),
    ("a_value_is_published_with_its_stamp_and_leaves_the_one_before", || in_a_process("stamped")),
];

/// The unit in which memory is protected.
const MEMORY_PAGE: usize = 4096;
/// A payload of four of them: each of its slots contains the second and third one of its mapping, or the
/// sixth and seventh.
type Pages = Words<2048>;

const COUNT: usize = 128;
/// The end of the promise in the stamp of each slot.
const VALID_UNTIL: [usize; 2] = [448 + 8, 448 + 64 + 4 * MEMORY_PAGE + 8];

fn in_a_process(role: &str) {
    if is_emulated() {
        return leave_out("an emulator handles faults of its program itself");
    }
    // SAFETY: a question to the C library.
    if unsafe { libc::sysconf(libc::_SC_PAGESIZE) } != MEMORY_PAGE as libc::c_long {
        return leave_out("memory is not protected in units of 4096 bytes here");
    }
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    assert!(Process::start(&[role, page.to_str().unwrap()]).wait_exit().success());
}

/// The address of the mapping whose memory is made inaccessible.
static MAPPING: AtomicUsize = AtomicUsize::new(0);
/// The address of the page in a mapping of the test's own.
static OWN: AtomicUsize = AtomicUsize::new(0);
/// The protection of memory that is accessible.
static ACCESSIBLE: AtomicUsize = AtomicUsize::new(0);
/// How far the count moves during a copy, and during how many of them.
static STEP: AtomicU64 = AtomicU64::new(0);
static LAPS_LEFT: AtomicUsize = AtomicUsize::new(0);
/// What has happened.
static COPIES: AtomicUsize = AtomicUsize::new(0);
static PROMISES: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];

fn word(offset: usize) -> &'static AtomicU64 {
    // SAFETY: a word of the test's own mapping, which stays; other code uses it as an atomic too.
    unsafe { AtomicU64::from_ptr((OWN.load(Relaxed) + offset) as *mut u64) }
}

fn protect(memory_page: usize, protection: libc::c_int) {
    let address = MAPPING.load(Relaxed) + memory_page * MEMORY_PAGE;
    // SAFETY: memory of the page's mapping, whose users are this test's.
    let done = unsafe { libc::mprotect(address as *mut libc::c_void, MEMORY_PAGE, protection) };
    assert_eq!(done, 0);
}

/// A copy touches the second memory page, and later the third: each access makes itself possible and the other
/// one impossible, so the next copy comes here too.
extern "C" fn on_fault(_: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: the kernel passes a valid pointer.
    let info = unsafe { &*info };
    // SAFETY: the signal is one of a fault, which has an address.
    let address = unsafe { info.si_addr() } as usize;
    let memory_page = address.wrapping_sub(MAPPING.load(Relaxed)) / MEMORY_PAGE;
    let accessible = ACCESSIBLE.load(Relaxed) as libc::c_int;
    match memory_page {
        1 | 5 => {
            if COPIES.fetch_add(1, Relaxed) > 5000 {
                // SAFETY: ends the process.
                unsafe { libc::_exit(9) };
            }
            if LAPS_LEFT.load(Relaxed) > 0 {
                LAPS_LEFT.fetch_sub(1, Relaxed);
                word(COUNT).fetch_add(STEP.load(Relaxed), Relaxed);
            }
            for (promise, offset) in PROMISES.iter().zip(VALID_UNTIL) {
                promise.store(word(offset).load(Relaxed), Relaxed);
            }
            protect(memory_page, accessible);
            protect(memory_page + 1, libc::PROT_NONE);
        }
        2 | 6 => {
            protect(memory_page, accessible);
            protect(memory_page - 1, libc::PROT_NONE);
        }
        // SAFETY: ends the process; a fault of another cause would come back for ever.
        _ => unsafe { libc::_exit(8) },
    }
}

/// Finds the mapping of the page, whose accesses may be `accessible`, and maps it once more.
fn prepare(page: &str, accessible: libc::c_int) {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let own = format!("{:x}-", OWN.load(Relaxed));
    let is_mapping = |line: &&str| line.ends_with("/page/page") && !line.starts_with(&own);
    let mut lines = maps.lines().filter(is_mapping);
    let (first, _) = lines.next().expect("it is mapped").split_once('-').unwrap();
    assert_eq!(lines.next(), None, "it is mapped once");
    MAPPING.store(usize::from_str_radix(first, 16).unwrap(), Relaxed);
    ACCESSIBLE.store(usize::try_from(accessible).unwrap(), Relaxed);
    if OWN.load(Relaxed) != 0 {
        return;
    }
    let file = OpenOptions::new().read(true).write(true).open(format!("{page}/page")).unwrap();
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping, at an address that the system chooses.
    let own = unsafe { mmap(null_mut(), 8 * MEMORY_PAGE, protection, MapFlags::SHARED, &file, 0) };
    OWN.store(own.unwrap() as usize, Relaxed);
    // SAFETY: all zeros is a valid action without flags.
    let mut action: libc::sigaction = unsafe { core::mem::zeroed() };
    action.sa_sigaction = on_fault as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO;
    // SAFETY: the handler only stores to atomics and makes system calls.
    assert_eq!(unsafe { libc::sigaction(libc::SIGSEGV, &raw const action, null_mut()) }, 0);
}

/// Has the next `laps` copies find that the count has moved by `step` meanwhile; returns the result of `read`,
/// and how many copies it made.
fn lap<R>(begin: u64, step: u64, laps: usize, read: impl FnOnce() -> R) -> (R, usize) {
    word(COUNT).store(begin, Relaxed);
    STEP.store(step, Relaxed);
    LAPS_LEFT.store(laps, Relaxed);
    COPIES.store(0, Relaxed);
    let slot = usize::from(begin / 2 % 2 == 1) * 4;
    protect(slot + 1, libc::PROT_NONE);
    let result = read();
    for memory_page in [slot + 1, slot + 2] {
        protect(memory_page, libc::PROT_READ);
    }
    (result, COPIES.load(Relaxed))
}

/// Reads a page whose count moves during each copy.
pub(crate) fn lapped(page: &str) {
    drop(Writer::create(page, Pages::from_number(5), &Options::new()).expect("free"));
    let bytes = ByteReader::open(page).expect("a page");
    prepare(page, libc::PROT_READ);
    let mut buffer = vec![0; size_of::<Pages>()];
    let (result, copies) = lap(0, 4, usize::MAX, || bytes.read_into(&mut buffer));
    assert!(matches!(result, Err(Error::Unsettled(Unsettled))), "{result:?}");
    assert_eq!(copies, 1000);
    drop(bytes);

    let reader = Reader::<Pages>::open(page).expect("a page");
    prepare(page, libc::PROT_READ);
    let (result, copies) =
        lap(0, 4, usize::MAX, || reader.read().map(|reading| reading.generation));
    assert_eq!((result, copies), (Err(ReadError::Unsettled), 1000));
    let (result, copies) = lap(0, 4, 999, || reader.read().map(|reading| reading.generation));
    assert_eq!((result, copies), (Ok(2 * 999), 1000));

    // A copy is whole until the second write after it has begun. Whole is what these reads return; which bytes
    // they are does not matter here.
    for (begin, step, copies) in [
        (0, 1, 1),
        (0, 2, 1),
        (0, 3, 2),
        (1, 1, 1),
        (1, 2, 2),
        (0, u64::MAX, 2),
        (u64::MAX - 3, 2, 1),
        (u64::MAX - 3, 7, 2),
    ] {
        let (result, made) =
            lap(begin, step, 1, || reader.read().map(|reading| reading.generation));
        let last = if copies == 1 { begin } else { begin.wrapping_add(step) };
        // The handler sees copies of this slot only.
        let made = if last / 2 % 2 == begin / 2 % 2 { made } else { made + 1 };
        assert_eq!((result, made), (Ok(last / 2), copies), "count {begin}, moved by {step}");
    }
}

/// Publishes values, and sees the promises of both slots when the copy of each begins.
pub(crate) fn stamped(page: &str) {
    let hour = Options::new().lifetime(Duration::from_secs(3600));
    let mut writer = Writer::create(page, Pages::from_number(5), &hour).expect("free");
    prepare(page, libc::PROT_READ | libc::PROT_WRITE);
    for (round, old, new, memory_page) in [(6, 0, 1, 5), (7, 1, 0, 1)] {
        word(VALID_UNTIL[old]).store(2, Relaxed);
        word(VALID_UNTIL[new]).store(1, Relaxed);
        COPIES.store(0, Relaxed);
        protect(memory_page, libc::PROT_NONE);
        let value = Pages::from_number(round);
        writer.set_from(&value).expect("the page is ours");
        assert_eq!(COPIES.load(Relaxed), 1, "the copy was seen");
        let promises = PROMISES.each_ref().map(|promise| promise.load(Relaxed));
        assert_eq!(promises[old], 2, "a value that is not published yet changed the one before");
        assert!(promises[new] > 2, "the stamp is there before the value is published");
        assert_eq!(word(VALID_UNTIL[old]).load(Relaxed), 2, "nor did its publication");
        protect(memory_page, libc::PROT_READ | libc::PROT_WRITE);
        protect(memory_page + 1, libc::PROT_READ | libc::PROT_WRITE);
        assert_eq!(writer.get(), value);
    }
}
