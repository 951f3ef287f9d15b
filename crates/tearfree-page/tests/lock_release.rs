// SPDX-License-Identifier: MIT OR Apache-2.0
//! The moment at which the lock of a page is released. This program has a `close` of its own, which sees it.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]
#![allow(unsafe_code, reason = "a function of the C library is replaced")]

use core::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use tearfree_page::{Options, Writer, remove};
use tempfile::TempDir;

/// The directory of a page that is removed.
static REMOVED: OnceLock<PathBuf> = OnceLock::new();
/// Whether its lock was closed, and whether that was before the directory was gone.
static CLOSED: AtomicBool = AtomicBool::new(false);
static CLOSED_WHILE_THERE: AtomicBool = AtomicBool::new(false);

/// Takes the place of the C library's function, which the standard library calls.
#[unsafe(no_mangle)]
extern "C" fn close(file: libc::c_int) -> libc::c_int {
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
