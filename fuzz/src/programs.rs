// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files that `tearfree clock exec` is told to run: each is inspected without a panic, and in bounded time.

use core::cell::RefCell;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

#[path = "../../crates/tearfree-cli/src/clock/program.rs"]
#[expect(dead_code, reason = "the texts of errors are for the command")]
mod program;

/// A file of this thread.
struct Own {
    file: PathBuf,
    _folder: tempfile::TempDir,
}

thread_local! {
    static OWN: RefCell<Own> = RefCell::new(Own::new());
}

impl Own {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let file = folder.path().join("program");
        fs::write(&file, "").expect("an empty file");
        fs::set_permissions(&file, Permissions::from_mode(0o755)).expect("an executable file");
        Own { file, _folder: folder }
    }
}

/// Inspects the input as a program: as it is, and behind the start of a valid ELF header.
///
/// # Panics
/// If the inspection panics.
pub fn programs(input: &[u8]) {
    inspect(input);
    let mut behind_a_header = header().to_vec();
    let len = input.len().min(behind_a_header.len() - FIXED);
    behind_a_header[FIXED..FIXED + len].copy_from_slice(&input[..len]);
    behind_a_header.extend_from_slice(&input[len..]);
    inspect(&behind_a_header);
}

fn inspect(bytes: &[u8]) {
    OWN.with_borrow(|own| {
        fs::write(&own.file, bytes).expect("a file of this thread");
        let _verdict = program::check(own.file.as_os_str());
    });
}

/// The bytes of an ELF header that say which machine it is for.
const FIXED: usize = 20;

fn header() -> &'static [u8] {
    static HEADER: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    HEADER.get_or_init(|| {
        let mut bytes = fs::read("/proc/self/exe").expect("this program");
        bytes.truncate(64);
        bytes
    })
}
