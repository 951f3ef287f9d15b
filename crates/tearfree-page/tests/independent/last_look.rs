// SPDX-License-Identifier: MIT OR Apache-2.0
//! Two creators at once, because the lock file was removed by hand: the one that loses the name is not the writer.

use std::fs;
use std::path::Path;

use tearfree_page::{ByteReader, ByteWriter, Options, WriterState};

use crate::left_out::leave_out;
use crate::peers::{Peer, bytes, languages, new_path, read_newest, schema};
use crate::tracing::{Stop, SystemCall, Tracee, Until};

#[test]
fn a_creator_that_loses_the_name_at_once_is_not_the_writer() {
    for language in languages() {
        for is_there in [false, true] {
            let (folder, page) = new_path();
            let other = folder.path().join("other");
            drop(ByteWriter::create(&other, &schema(), &bytes(7), &Options::new()).unwrap());
            if is_there {
                drop(ByteWriter::create(&page, &schema(), &bytes(6), &Options::new()).unwrap());
            }
            let mut peer = Peer::write(language, &page, &["wakes"]);
            let Some(tracee) = Tracee::attach(peer.child.id()) else {
                return leave_out("processes cannot be traced here");
            };
            peer.send(1);
            run_until_named(tracee, &page);
            // As the other creator does, a moment later.
            fs::rename(other.join("page"), page.join("page")).unwrap();
            tracee.detach();
            assert!(peer.error().contains("another process has the page"), "{language:?}");
            assert_eq!(read_newest(&page), (bytes(7), 0), "{language:?}");
            let state = ByteReader::open(&page).unwrap().writer_state();
            assert_eq!(state, WriterState::Ended, "{language:?}: not touched");
        }
    }
}

/// Runs a creator until its new page has the name, at the end of that system call.
fn run_until_named(tracee: Tracee, page: &Path) {
    let before = ByteReader::open(page).ok().map(|page| page.geometry().page_id);
    let is_named = || {
        let named = ByteReader::open(page).ok().map(|page| page.geometry().page_id);
        named.is_some() && named != before
    };
    let (mut renames, mut signal) = (false, 0);
    while !renames || !is_named() {
        assert!(tracee.resume(Until::Call, signal), "it ended by itself");
        signal = 0;
        match tracee.wait() {
            Stop::Call => {
                let is_rename = |call: SystemCall| RENAMES.contains(&call.number);
                // At its end no call begins.
                renames = tracee.call().map_or(renames, is_rename);
            }
            // It has started another program, as the wrappers of Python do.
            Stop::Signal(libc::SIGTRAP) => {}
            Stop::Signal(other) => signal = other,
            other => panic!("{other:?}"),
        }
    }
}

const RENAMES: &[i64] = &[
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rename,
    #[cfg(not(target_arch = "riscv64"))]
    libc::SYS_renameat,
    libc::SYS_renameat2,
];
