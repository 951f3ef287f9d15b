// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a page of 16 MiB costs: the most memory that each command had, as the system counts it.

#![allow(unsafe_code, reason = "the memory of a child is in the result of `wait4`")]

use core::mem::MaybeUninit;
use std::fs::{self, File};
use std::process::Stdio;

use crate::support::Pages;

/// 16 MiB, in fewer numbers than a page of `u8` has.
const FIELD: &str = "h:f64[2097152]";
/// In KiB: the value, the two slots of the page, and the program itself.
const MOST: i64 = 64 << 10;

#[test]
fn a_page_of_16_mib_takes_64_mib_of_memory() {
    let pages = Pages::new();
    let run = |subcommand: &str, args: &[&str]| {
        let mut command = pages.command(subcommand, "large", args);
        let out = File::create(pages.path("out")).expect("a file");
        let mut child = command.stdout(out).stderr(Stdio::inherit()).spawn().expect("it starts");
        let (status, memory) = wait(i32::try_from(child.id()).expect("a process ID"));
        assert_eq!(status, 0, "{subcommand} {args:?}");
        assert!(memory <= MOST, "{subcommand} {args:?} took {memory} KiB");
        // Waited for already.
        assert!(child.wait().is_err());
    };
    run("create", &[FIELD]);
    run("set", &["h[2097151]=0.5"]);
    run("create", &[FIELD, "--json"]);
    run("get", &["h[2097151]"]);
    assert_eq!(fs::read(pages.path("out")).expect("a file"), b"0.5\n");
    run("get", &[]);
    run("get", &["h"]);
    let text = fs::metadata(pages.path("out")).expect("a file");
    assert_eq!(text.len(), 2 * 2_097_152 + 2, "all numbers");
    run("tail", &["--count", "1"]);
    run("watch", &["--count", "1", "--json"]);
}

/// Waits for a child; returns its status, and the most memory that it had in KiB.
fn wait(child: i32) -> (i32, i64) {
    let (mut status, mut usage) = (0, MaybeUninit::<libc::rusage>::zeroed());
    // SAFETY: both pointers are to variables of the types that the call fills.
    let waited = unsafe { libc::wait4(child, &raw mut status, 0, usage.as_mut_ptr()) };
    assert_eq!(waited, child, "it is a child of this process");
    // SAFETY: it was filled, and all zeros would be valid, too.
    (status, unsafe { usage.assume_init() }.ru_maxrss)
}
