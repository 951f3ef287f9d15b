// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether a program can be shown another time: it has to ask the C library, and to load our object.

use core::fmt;
use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use object::elf::{FileHeader64, PT_INTERP};
use object::read::elf::{FileHeader, ProgramHeader};

/// So many interpreters of interpreters, as in the kernel.
const DEPTH: u32 = 5;

/// Why a program would not see the clock.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Blind {
    Missing,
    Unreadable(String),
    Static,
    Go,
    Foreign,
    OtherUser,
}

impl fmt::Display for Blind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Blind::Missing => f.write_str("there is no such program, or it may not be executed"),
            Blind::Unreadable(error) => write!(f, "it cannot be looked at: {error}"),
            Blind::Static => f.write_str("it is linked statically and loads no shared object"),
            Blind::Go => f.write_str("Go programs ask the kernel for the time, not the C library"),
            Blind::Foreign => f.write_str(
                "it is neither a 64-bit program of this processor nor a script that begins with #!",
            ),
            Blind::OtherUser => f.write_str(
                "it runs with the rights of another user, or more, so it loads no object of ours",
            ),
        }
    }
}

impl Blind {
    /// What to do next.
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Blind::Missing | Blind::Unreadable(_) => {
                "Nothing was started. Give the name of a program, or its path."
            }
            _ => {
                "Nothing was started. A time namespace or a virtual machine can show such programs \
                 another time."
            }
        }
    }
}

/// Looks at what will be executed: the program, or the interpreter of its script.
pub(super) fn check(program: &OsStr) -> Result<(), (PathBuf, Blind)> {
    let mut path = find(program).ok_or_else(|| (PathBuf::from(program), Blind::Missing))?;
    for _ in 0..DEPTH {
        let failed = |blind| (path.clone(), blind);
        let bytes = read(&path).map_err(|error| failed(Blind::Unreadable(error.to_string())))?;
        match interpreter(&bytes) {
            Some(next) => path = next,
            None => return check_binary(&path, &bytes).map_err(failed),
        }
    }
    Ok(())
}

/// As `execvp` does.
fn find(program: &OsStr) -> Option<PathBuf> {
    let is_program = |path: &PathBuf| {
        let mode = fs::metadata(path).ok().filter(fs::Metadata::is_file);
        mode.is_some_and(|data| data.permissions().mode() & 0o111 != 0)
    };
    if program.as_bytes().contains(&b'/') {
        return Some(PathBuf::from(program)).filter(is_program);
    }
    let folders = env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    env::split_paths(&folders).map(|folder| folder.join(program)).find(is_program)
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut start = Vec::new();
    file.by_ref().take(2).read_to_end(&mut start)?;
    // Of a script the first line is enough.
    let limit = if start == *b"#!" { 4096 } else { u64::MAX };
    file.take(limit).read_to_end(&mut start)?;
    Ok(start)
}

/// The interpreter of a script.
fn interpreter(bytes: &[u8]) -> Option<PathBuf> {
    let line = bytes.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let first = OsStr::from_bytes(words.next()?);
    if !first.as_bytes().ends_with(b"/env") {
        return Some(PathBuf::from(first));
    }
    // `env -S` and assignments come before the name of the program.
    let named = words.find(|word| !word.starts_with(b"-") && !word.contains(&b'='));
    named.and_then(|name| find(OsStr::from_bytes(name))).or_else(|| Some(PathBuf::from(first)))
}

fn check_binary(path: &Path, bytes: &[u8]) -> Result<(), Blind> {
    let mode = fs::metadata(path).map_or(0, |data| data.permissions().mode());
    // Capabilities of a file are rights, too.
    let has_capabilities = rustix::fs::getxattr(path, "security.capability", &mut [0_u8; 64]);
    if mode & 0o6000 != 0 || has_capabilities.is_ok() {
        return Err(Blind::OtherUser);
    }
    let header = FileHeader64::<object::Endianness>::parse(bytes).map_err(|_| Blind::Foreign)?;
    let endian = header.endian().map_err(|_| Blind::Foreign)?;
    let ours = if cfg!(target_arch = "aarch64") {
        object::elf::EM_AARCH64
    } else {
        object::elf::EM_X86_64
    };
    if header.e_machine(endian) != ours {
        return Err(Blind::Foreign);
    }
    let sections = header.sections(endian, bytes).ok();
    let is_go = sections.is_some_and(|sections| {
        let name = |section: &_| sections.section_name(endian, section).unwrap_or(b"").to_vec();
        sections
            .iter()
            .map(name)
            .any(|name| name == b".note.go.buildid" || name == b".go.buildinfo")
    });
    if is_go {
        return Err(Blind::Go);
    }
    let segments = header.program_headers(endian, bytes).map_err(|_| Blind::Foreign)?;
    match segments.iter().any(|segment| segment.p_type(endian) == PT_INTERP) {
        true => Ok(()),
        false => Err(Blind::Static),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_is_dynamic_and_a_shell_is_too() {
        let this = env::current_exe().expect("this program has a path");
        assert_eq!(check(this.as_os_str()), Ok(()));
        assert_eq!(check(OsStr::new("sh")), Ok(()));
    }

    #[test]
    fn what_is_missing_or_no_program_is_refused() {
        let blind = |name: &str| check(OsStr::new(name)).map_err(|(_, blind)| blind);
        assert_eq!(blind("no-such-program-anywhere"), Err(Blind::Missing));
        assert_eq!(blind("/etc/passwd"), Err(Blind::Missing));
    }

    #[test]
    fn scripts_are_judged_by_their_interpreters() {
        let path = |bytes: &[u8]| interpreter(bytes);
        assert_eq!(path(b"#!/bin/sh -e\necho"), Some(PathBuf::from("/bin/sh")));
        assert_eq!(path(b"#!/usr/bin/env -S A=1 sh\n"), find(OsStr::new("sh")));
        assert_eq!(path(b"\x7fELF"), None);
    }
}
