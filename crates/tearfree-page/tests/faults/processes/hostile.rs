// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pages that are truncated, and pages that another process overwrites while they are read.

use core::ptr::null_mut;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use std::fs::{self, File, OpenOptions};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::time::Instant;

use rustix::mm::{MapFlags, ProtFlags, mmap};
use tearfree_page::{ByteReader, Options, Owner, Reader, Waited, Writer};
use tempfile::TempDir;

use super::process::{Process, WATCHDOG};
use super::value::{Large, SelfChecking};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("truncating_a_named_page_kills_its_readers", truncated),
    ("overwriting_a_page_neither_stops_nor_crashes_its_readers", overwritten),
];

fn new_page() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    drop(Writer::create(&page, Large::from_number(1), &Options::new().wakes(true)).unwrap());
    (folder, page)
}

/// The documentation warns of this.
fn truncated() {
    let (_folder, page) = new_page();
    let mut reader = Process::start(&["touch", page.to_str().unwrap()]).wait_ready();
    OpenOptions::new().write(true).open(page.join("page")).unwrap().set_len(0).unwrap();
    reader.send_line("now");
    assert_eq!(reader.wait_exit().signal(), Some(libc::SIGBUS));
}

/// Reads the page once, after it has read a line.
pub(crate) fn touch(page: &str) {
    let reader = Reader::<Large>::open(page).expect("a page");
    println!("ready");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("text");
    reader.read().expect("not torn").value.number();
}

fn overwritten() {
    let (_folder, page) = new_page();
    let name = page.to_str().unwrap();
    let attacker = Process::start(&["overwrite", name]).wait_ready();
    let mut reader = Process::start(&["survive", name]);
    let printed = reader.read_line();
    let numbers: Vec<u64> = printed.split(' ').map(|n| n.parse().expect("numbers")).collect();
    let [read, unsettled, opened, refused] = numbers[..] else { panic!("{printed}") };
    eprintln!("{read} read, {unsettled} unsettled, {opened} opened, {refused} refused");
    assert!(reader.wait_exit().success(), "it crashed");
    assert!(read > 0 && refused > 0, "the two never met: {printed}");
    drop(attacker);
    assert!(fs::exists(page).unwrap());
}

/// The index of the count, in words.
const COUNT: usize = 128 / 8;

/// Stores random words at random offsets, until it is killed.
pub(crate) fn overwrite(page: &str) {
    let file = OpenOptions::new().read(true).write(true).open(format!("{page}/page")).unwrap();
    let len = usize::try_from(file.metadata().unwrap().len()).unwrap();
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping, at an address that the system chooses.
    let base = unsafe { mmap(null_mut(), len, protection, MapFlags::SHARED, &file, 0) }.unwrap();
    // SAFETY: all of the mapping, which begins aligned, as atomics; it stays mapped to the end.
    let words = unsafe { core::slice::from_raw_parts(base.cast::<AtomicU64>(), len / 8) };
    let original: Vec<u64> = words.iter().map(|word| word.load(Relaxed)).collect();
    println!("ready");
    let mut random = 88_172_645_463_325_252_u64;
    for round in 0_u64.. {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let index = usize::try_from(random).unwrap() % words.len();
        // Sometimes the original word, so that some headers pass all checks and others pass some.
        let is_fixed = index < 16;
        // By other bits than those that choose the index, so that every word is overwritten.
        let keep = is_fixed && round % 4096 < 3000 || (random >> 32).is_multiple_of(3);
        words[index].store(if keep { original[index] } else { random.rotate_left(21) }, Relaxed);
        if round.is_multiple_of(7) {
            words[COUNT].store(random >> (random % 64), Relaxed);
        }
    }
}

/// Reads the overwritten page for two seconds. Nothing may panic, hang, or end the process.
pub(crate) fn survive(page: &str) {
    let start = Instant::now();
    let old = loop {
        // The header is intact most of the time.
        if let Ok(reader) = Reader::<Large>::open(page) {
            break reader;
        }
        assert!(start.elapsed() < WATCHDOG, "it is never intact");
    };
    let (mut read, mut unsettled, mut opened, mut refused) = (0, 0, 0, 0);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(2) {
        match old.read() {
            Ok(reading) => {
                let _ = (reading.freshness(), reading.writer_state());
                read += 1;
            }
            Err(_) => unsettled += 1,
        }
        if let Some(writer) = old.writer() {
            let _ = (writer.is_running(), writer.to_string());
        }
        let _ = old.read_current(|| ());
        let waited = old.wait_changed(old.generation(), Some(Duration::from_micros(50)));
        assert!(matches!(waited, Waited::Changed | Waited::TimedOut | Waited::Superseded));
        match ByteReader::open_owned_by(page, Owner::Any) {
            Ok(reader) => {
                let _ = reader.read();
                opened += 1;
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
        }
    }
    println!("{read} {unsettled} {opened} {refused}");
    drop(File::open(page));
}
