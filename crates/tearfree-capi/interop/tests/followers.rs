// SPDX-License-Identifier: MIT OR Apache-2.0
//! C follows a name whose page Rust replaces, removes and creates again.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::thread;

use tearfree_capi_interop::followers::{follow, follower_arguments};
use tearfree_page::{Options, Writer, payload, remove};

payload! {
    /// The value of the pages here.
    pub struct Pair {
        /// Grows with each publication, over all pages.
        pub number: u64,
        /// The same.
        pub copy: u64,
    }
}

/// Publishes this number and the next few, and waits until the last of them was seen.
fn publish(page: &Path, first: u64, seen: &AtomicU64) -> Writer<Pair> {
    let value = |number| Pair { number, copy: number };
    let options = Options::new().wakes(true).replace(true);
    let mut writer = Writer::create(page, value(first), &options).unwrap();
    (1..10).for_each(|more| writer.set(value(first + more)).unwrap());
    // ORDERING: Relaxed: a number that says how far the follower is.
    while seen.load(Relaxed) < first + 9 {
        thread::yield_now();
    }
    writer
}

/// Replaces, removes and creates the page again.
fn change(page: &Path, seen: &AtomicU64) {
    let mut first = 1;
    let mut publish_next = || {
        let writer = publish(page, first, seen);
        first += 10;
        writer
    };
    // A restart; a replacement; a removal by the library, and by hand while the writer is alive.
    drop(publish_next());
    drop(publish_next());
    drop(Writer::create(page, [0_u64; 3], &Options::new().replace(true)).unwrap());
    drop(publish_next());
    remove(page).unwrap();
    let abandoned = publish_next();
    fs::remove_dir_all(page).unwrap();
    drop(publish_next());
    fs::rename(page, page.with_extension("old")).unwrap();
    drop(publish_next());
    drop(abandoned);
}

#[test]
fn a_c_follower_reads_the_page_that_the_name_has_and_never_goes_back() {
    for by_descriptor in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("page");
        let text = CString::new(page.as_os_str().as_bytes()).unwrap();
        let seen = AtomicU64::new(0);
        let line = thread::scope(|scope| {
            let following = scope.spawn(|| follow(&text, 60, by_descriptor, &seen));
            change(&page, &seen);
            following.join().unwrap()
        });
        assert_eq!(line, 0, "the line of src/followers.c");
    }
}

#[test]
fn wrong_arguments_of_followers_are_refused_and_so_is_a_second_thread() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page");
    let text = CString::new(page.as_os_str().as_bytes()).unwrap();
    assert_eq!(follower_arguments(&text), 0, "the line of src/followers.c");
}
