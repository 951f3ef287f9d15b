// SPDX-License-Identifier: MIT OR Apache-2.0
//! Checks whether a program can be shown another time: it must call the C library and load our object.

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

/// The longest chain of interpreters, as in the kernel.
const DEPTH: u32 = 5;

/// Why a program would not see the clock.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unsupported {
    Missing,
    NotExecutable,
    Unreadable(String),
    Static,
    Go,
    Foreign,
    OtherUser,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unsupported::Missing => f.write_str("there is no such program"),
            Unsupported::NotExecutable => f.write_str("it is not an executable file"),
            Unsupported::Unreadable(error) => write!(f, "it cannot be read: {error}"),
            Unsupported::Static => f.write_str("it is linked statically and loads no shared object"),
            Unsupported::Go => f.write_str("Go programs read the time without the C library"),
            Unsupported::Foreign => f.write_str(
                "it is neither a 64-bit program of this processor nor a script that begins with #!",
            ),
            Unsupported::OtherUser => f.write_str(
                "it runs with the rights of another user or with capabilities, so the loader ignores \
                 LD_PRELOAD",
            ),
        }
    }
}

impl Unsupported {
    /// Says what to do.
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Unsupported::Missing | Unsupported::NotExecutable | Unsupported::Unreadable(_) => {
                "Nothing was started. Give the name of a program, or its path."
            }
            _ => {
                "Nothing was started. A time namespace or a virtual machine can show such programs \
                 another time."
            }
        }
    }
}

/// Checks the file that will be executed: the program, or the interpreter of a script.
pub(super) fn check(program: &OsStr) -> Result<(), (PathBuf, Unsupported)> {
    let mut path = find(program).ok_or_else(|| {
        let is_there = program.as_bytes().contains(&b'/') && Path::new(program).exists();
        let reason = if is_there { Unsupported::NotExecutable } else { Unsupported::Missing };
        (PathBuf::from(program), reason)
    })?;
    for _ in 0..DEPTH {
        let failed = |reason| (path.clone(), reason);
        let bytes =
            read(&path).map_err(|error| failed(Unsupported::Unreadable(error.to_string())))?;
        match interpreter(&bytes) {
            Some(next) => path = next,
            None => return check_binary(&path, &bytes).map_err(failed),
        }
    }
    Ok(())
}

/// Finds a program as `execvp` does.
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
    // Of a script only the first line is needed.
    let limit = if start == *b"#!" { 4096 } else { u64::MAX };
    file.take(limit).read_to_end(&mut start)?;
    Ok(start)
}

/// Returns the interpreter of a script; `None` for other files.
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

fn check_binary(path: &Path, bytes: &[u8]) -> Result<(), Unsupported> {
    let mode = fs::metadata(path).map_or(0, |data| data.permissions().mode());
    // A file with capabilities runs with more rights, too.
    let has_capabilities = rustix::fs::getxattr(path, "security.capability", &mut [0_u8; 64]);
    if mode & 0o6000 != 0 || has_capabilities.is_ok() {
        return Err(Unsupported::OtherUser);
    }
    let header =
        FileHeader64::<object::Endianness>::parse(bytes).map_err(|_| Unsupported::Foreign)?;
    let endian = header.endian().map_err(|_| Unsupported::Foreign)?;
    let ours = if cfg!(target_arch = "aarch64") {
        object::elf::EM_AARCH64
    } else {
        object::elf::EM_X86_64
    };
    if header.e_machine(endian) != ours {
        return Err(Unsupported::Foreign);
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
        return Err(Unsupported::Go);
    }
    let segments = header.program_headers(endian, bytes).map_err(|_| Unsupported::Foreign)?;
    match segments.iter().any(|segment| segment.p_type(endian) == PT_INTERP) {
        true => Ok(()),
        false => Err(Unsupported::Static),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_and_a_shell_are_supported() {
        let this = env::current_exe().expect("this program has a path");
        assert_eq!(check(this.as_os_str()), Ok(()));
        assert_eq!(check(OsStr::new("sh")), Ok(()));
    }

    #[test]
    fn a_missing_or_not_executable_file_is_refused() {
        let reason = |name: &str| check(OsStr::new(name)).map_err(|(_, reason)| reason);
        assert_eq!(reason("no-such-program-anywhere"), Err(Unsupported::Missing));
        assert_eq!(reason("/no/such/program"), Err(Unsupported::Missing));
        assert_eq!(reason("/etc/passwd"), Err(Unsupported::NotExecutable));
        assert_eq!(reason("/etc"), Err(Unsupported::NotExecutable));
    }

    #[test]
    fn a_script_is_checked_by_its_interpreter() {
        let path = |bytes: &[u8]| interpreter(bytes);
        assert_eq!(path(b"#!/bin/sh -e\necho"), Some(PathBuf::from("/bin/sh")));
        assert_eq!(path(b"#!/usr/bin/env -S A=1 sh\n"), find(OsStr::new("sh")));
        assert_eq!(path(b"\x7fELF"), None);
    }

    /// As the kernel does, up to a depth.
    #[test]
    fn a_script_of_a_script_is_checked_by_the_last_interpreter() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("the folder is ours");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("so is the file");
            path
        };
        let script = |of: &Path| format!("#!{} -x\n", of.display()).into_bytes();
        let text = write("text", b"no program");
        let first = write("first", &script(&text));
        let second = write("second", &script(&first));
        assert_eq!(check(second.as_os_str()), Err((text, Unsupported::Foreign)));
        let fine = write("fine", b"#!/bin/sh\n");
        assert_eq!(check(write("of-fine", &script(&fine)).as_os_str()), Ok(()));
    }
}
