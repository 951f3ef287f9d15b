// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pages that are cut off, and pages that somebody scribbles over while they are read.

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

use super::process::Actor;
use super::sample::{Accusing, Large};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_named_page_that_its_owner_cuts_off_ends_its_readers", cut_off),
    ("scribbling_over_a_page_neither_stops_nor_crashes_its_readers", scribbled),
];

fn place() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    drop(Writer::create(&page, Large::of(1), &Options::new().wakes(true)).unwrap());
    (folder, page)
}

/// What the documentation warns of, so that nobody believes otherwise.
fn cut_off() {
    let (_folder, page) = place();
    let mut reader = Actor::start(&["touch", page.to_str().unwrap()]).ready();
    OpenOptions::new().write(true).open(page.join("page")).unwrap().set_len(0).unwrap();
    reader.tell("now");
    assert_eq!(reader.end().signal(), Some(libc::SIGBUS));
}

/// Reads when it is told to.
pub(crate) fn touch(page: &str) {
    let reader = Reader::<Large>::open(page).expect("a page");
    println!("ready");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("text");
    reader.read().expect("whole").value.number();
}

fn scribbled() {
    let (_folder, page) = place();
    let name = page.to_str().unwrap();
    let scribbler = Actor::start(&["scribble", name]).ready();
    let mut reader = Actor::start(&["survive", name]);
    let said = reader.line();
    let numbers: Vec<u64> = said.split(' ').map(|n| n.parse().expect("numbers")).collect();
    let [read, unsettled, opened, refused] = numbers[..] else { panic!("{said}") };
    eprintln!("{read} read, {unsettled} unsettled, {opened} opened, {refused} refused");
    assert!(reader.end().success(), "it crashed");
    assert!(read + unsettled > 0 && refused > 0, "the two never met: {said}");
    drop(scribbler);
    assert!(fs::exists(page).unwrap());
}

/// Which word the count is.
const COUNT: usize = 128 / 8;

/// Stores anything anywhere, until it is killed.
pub(crate) fn scribble(page: &str) {
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
        let at = usize::try_from(random).unwrap() % words.len();
        // Now and then what was there, so that some headers pass the checks, and some half.
        let is_fixed = at < 16;
        // By other bits than those that choose the place, so that every place has its turn.
        let keep = is_fixed && round % 4096 < 3000 || (random >> 32).is_multiple_of(3);
        words[at].store(if keep { original[at] } else { random.rotate_left(21) }, Relaxed);
        if round.is_multiple_of(7) {
            words[COUNT].store(random >> (random % 64), Relaxed);
        }
    }
}

/// Reads whatever comes for a while: nothing may panic, hang, or end the process.
pub(crate) fn survive(page: &str) {
    let old = loop {
        // The first time has to succeed; the header is whole most of the time.
        if let Ok(reader) = Reader::<Large>::open(page) {
            break reader;
        }
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
        match ByteReader::open_of(page, Owner::Anyone) {
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
