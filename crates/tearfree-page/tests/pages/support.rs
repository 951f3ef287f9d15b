// SPDX-License-Identifier: MIT OR Apache-2.0
//! What several tests use: a payload, paths, and the bytes of a page's file.

use core::time::Duration;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

use tearfree_page::payload;
use tempfile::TempDir;

payload! {
    #[derive(Debug, PartialEq)]
    pub(crate) struct Quote {
        pub(crate) price: f64,
        pub(crate) quantity: u64,
    }
}

pub(crate) fn quote(generation: u64) -> Quote {
    Quote { price: f64::from(u32::try_from(generation).unwrap()), quantity: generation }
}

/// Returns a path for one page, in a folder that is removed when dropped.
pub(crate) fn new_path() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("quote");
    (folder, page)
}

/// After this time a test fails: something hangs.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(20);

/// Runs a test that would hang if it failed, in a thread of its own.
pub(crate) fn ends(test: fn()) {
    let (done, is_done) = channel();
    // Not joined: it may hang.
    thread::spawn(move || {
        test();
        done.send(()).unwrap();
    });
    is_done.recv_timeout(WATCHDOG).expect("the test panics or hangs");
}

/// Reads the number at `offset` of a page's file.
pub(crate) fn word_in_file(page: &Path, offset: usize) -> u64 {
    let bytes = fs::read(page.join("page")).unwrap();
    u64::from_ne_bytes(bytes[offset..offset + 8].try_into().unwrap())
}

/// Overwrites the number at `offset` of a page's file, which stays mapped.
pub(crate) fn set_word_in_file(page: &Path, offset: u64, word: u64) {
    let file = OpenOptions::new().write(true).open(page.join("page")).unwrap();
    file.write_all_at(&word.to_ne_bytes(), offset).unwrap();
}

/// Waits until a thread sleeps in the kernel, which it does only in its wait.
pub(crate) fn wait_until_asleep(thread: &Path) {
    let start = Instant::now();
    let is_asleep = || {
        let stat = fs::read_to_string(thread.join("stat")).unwrap();
        stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('S'))
    };
    while !is_asleep() {
        assert!(start.elapsed() < WATCHDOG, "it does not sleep");
        thread::yield_now();
    }
}

/// Returns a command that runs this test program again, under its emulator if there is one.
pub(crate) fn this_program() -> Command {
    let this = std::env::current_exe().expect("this program has a path");
    match std::env::var_os(crate::left_out::EMULATOR) {
        None => Command::new(this),
        Some(emulator) => {
            let mut command = Command::new(emulator);
            command.arg(this);
            command
        }
    }
}
