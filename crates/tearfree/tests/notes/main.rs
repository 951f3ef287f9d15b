// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every memory ordering and every `unsafe` of this repository has a note that argues for it.
//!
//! No lint reads such notes, so this test does, in all crates, the kernel modules and the C headers:
//!
//! - A line of code that names an ordering (`Acquire`, `order::begin()`, `fence(..)`, `PLAIN`) has an
//!   `ORDERING:` note above it, in the nearest comment of the paragraph, and does not share it with
//!   another ordering, unless that is relaxed. If the note begins with obligations, they are those of
//!   that ordering's row in `order.rs`, and those rows agree with TESTING.md. A note of relaxed
//!   orderings alone begins with "Relaxed".
//! - An `unsafe` block or impl has a `SAFETY:` note directly above.
//! - A note makes an argument: it has words of its own, besides "by the caller's promise" and the like,
//!   and they are not those of its function's `# Safety` section.
//! - One text does not serve for many different lines.
//!
//! Tests, examples and `use` lines are exempt.
#![cfg(not(miri))] // reads files

use std::fs;
use std::path::{Path, PathBuf};

mod check;
mod known;
mod planted;
mod source;
mod statement;
mod text;

/// The folders that are searched for source files.
const FOLDERS: [&str; 5] = ["bare-metal", "bench", "crates", "fuzz", "kernel"];
/// Folders below them that are not searched.
const EXEMPT: [&str; 3] = ["examples", "target", "tests"];

fn source_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the folder is readable").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if !EXEMPT.contains(&&*name) && !name.starts_with('.') {
                source_files(&path, found);
            }
        } else if [".rs", ".c", ".h"].iter().any(|end| name.ends_with(end)) {
            found.push(path);
        }
    }
}

#[test]
fn every_ordering_and_every_unsafe_has_a_note() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let mut paths = Vec::new();
    for folder in FOLDERS {
        source_files(&root.join(folder), &mut paths);
    }
    paths.sort();
    let read = |path: &Path| fs::read_to_string(path).expect("the file is readable");
    let shown = |path: &Path| path.strip_prefix(root).unwrap().display().to_string();
    let files: Vec<_> = paths.iter().map(|path| (shown(path), read(path))).collect();
    let documents = known::Documents {
        design: &read(&root.join("DESIGN.md")),
        testing: &read(&root.join("TESTING.md")),
    };
    let report = check::check(&files, &documents);
    println!("{} lines with an ordering, {} unsafe", report.orderings, report.unsafes);
    assert!(report.orderings > 0 && report.unsafes > 0, "the search found nothing at all");
    let count = report.faults.len();
    assert!(count == 0, "{count} faults:\n  {}", report.faults.join("\n  "));
}
