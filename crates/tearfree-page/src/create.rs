// SPDX-License-Identifier: MIT OR Apache-2.0
//! Creates the file of a new page, complete before other processes can see it.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{
    FallocateFlags, Mode, OFlags, RenameFlags, fallocate, fchmod, openat, renameat, renameat_with,
};
use rustix::io::{Errno, pwrite};

use crate::error::{Error, system_error};
use crate::files::{check_file_size, remove_file, temporary_name};
use crate::header::NewPage;
use crate::identity::{boot_id, namespace, own_record, random};
use crate::layout::{WriterRecord, stride};
use crate::locked_page::LockedPage;
use crate::mapped_page::MappedPage;
use crate::mapping::Mapping;
use crate::options::Options;
use crate::path::PAGE;
use crate::schema::Schema;
use crate::sealed;
use crate::stamp::StampSource;
use crate::succession::{Predecessor, Stopped};
use crate::time::initial_boot_time_ns;

/// The permissions of a page that was asked for without any.
const DEFAULT_MODE: u32 = 0o644;
/// No file has this inode.
const NO_LOCK: u64 = 0;

/// Creates the file `page`. An existing one, `old`, stays on failure; otherwise it is put aside, for its readers to be told.
/// Without a value, the new page gets that of the old one.
pub(crate) fn create_named(
    files: &LockedPage,
    schema: &Schema,
    value: Option<&[u8]>,
    options: &Options,
    old: Option<&Predecessor>,
) -> Result<MappedPage, Error> {
    let (directory, path) = (&files.directory, &files.path);
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let aside = temporary_name()?;
    let file = openat(directory, &aside, flags, Mode::from_raw_mode(0o600))
        .map_err(|error| space_error(error, "create a page in", path, 2 * stride(schema.size())))?;
    let finished = (|| {
        let owner = NewOwner {
            writer: own_record(old.map_or(0, |old| old.writers), options.lifetime_ns),
            lock_inode: files.lock.inode(),
            incarnation: next_incarnation(old.map(|old| &old.page), initial_boot_time_ns()),
        };
        let page = fill(&file, path, schema, value.unwrap_or_default(), owner, options)?;
        let mode = Mode::from_raw_mode(options.mode.unwrap_or(DEFAULT_MODE));
        fchmod(&file, mode).map_err(system_error("set the permissions of", path))?;
        // The last step that can fail is the one after this.
        let stopped = old.map(|old| old.hand_over(&page, value.is_none())).transpose()?;
        rename(directory, &aside).map_err(system_error("rename the new page in", path))?;
        stopped.into_iter().for_each(Stopped::keep);
        Ok(page)
    })();
    if finished.is_err() {
        let _ = remove_file(directory, path, &aside);
    }
    finished
}

/// Gives the new page its name. An existing page is put aside in the same step: if this process is killed now, the next
/// writer still finds it.
fn rename(directory: &OwnedFd, aside: &str) -> Result<(), Errno> {
    match renameat_with(directory, aside, directory, PAGE, RenameFlags::EXCHANGE) {
        // There is no page yet, or a file system that cannot do it, where the old page is lost at this step.
        Err(Errno::NOENT | Errno::INVAL | Errno::NOSYS) => {
            renameat(directory, aside, directory, PAGE)
        }
        result => result,
    }
}

/// Creates a memory file, maps it, and seals it against every other writable mapping.
pub(crate) fn create_sealed(
    name: &str,
    schema: &Schema,
    value: &[u8],
    options: &Options,
) -> Result<(OwnedFd, MappedPage), Error> {
    let file = sealed::create(name)?;
    let owner = NewOwner {
        writer: own_record(0, options.lifetime_ns),
        lock_inode: NO_LOCK,
        incarnation: initial_boot_time_ns(),
    };
    let page = fill(&file, Path::new(name), schema, value, owner, options)?;
    sealed::seal(&file, name)?;
    Ok((file, page))
}

/// Returns the incarnation of a page that is created `now`: larger than that of the page that it replaces. Pages that were
/// removed by hand, and left no number, are earlier than `now`.
fn next_incarnation(replaced: Option<&MappedPage>, now: u64) -> u64 {
    let before = replaced.map_or(0, |page| page.geometry.incarnation);
    before.saturating_add(1).max(now)
}

/// Whose a new page is.
struct NewOwner {
    writer: WriterRecord,
    /// A sealed page has no lock.
    lock_inode: u64,
    incarnation: u64,
}

fn fill(
    file: &OwnedFd,
    path: &Path,
    schema: &Schema,
    value: &[u8],
    owner: NewOwner,
    options: &Options,
) -> Result<MappedPage, Error> {
    let page = NewPage {
        schema,
        value,
        writer: owner.writer,
        stamp: StampSource::new(options.timing(), namespace("time")).stamp(),
        page_id: random("the page")?,
        boot_id: boot_id(),
        incarnation: owner.incarnation,
        lock_inode: owner.lock_inode,
        wakes: options.wakes,
        sealed: owner.lock_inode == NO_LOCK,
    };
    let bytes = page.to_bytes();
    check_file_size(bytes.len()).map_err(|error| space_error(error, "write", path, bytes.len()))?;
    // So that a full disk is an error here and not SIGBUS later.
    match fallocate(file, FallocateFlags::empty(), 0, bytes.len() as u64) {
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => {}
        Err(error) => return Err(space_error(error, "allocate", path, bytes.len())),
    }
    let mut written = 0;
    while written < bytes.len() {
        match pwrite(file, &bytes[written..], written as u64) {
            Ok(count) => written += count,
            Err(Errno::INTR) => {}
            Err(error) => return Err(space_error(error, "write", path, bytes.len())),
        }
    }
    let page = MappedPage::map(file.as_fd(), bytes.len() as u64, path, Mapping::writable)?;
    // Another process of this user may have written to the file in the meantime.
    page.check_schema(schema, path)?;
    Ok(page)
}

/// Makes the error of a system call, or the one that says how many bytes there was no space for.
pub fn space_error(error: Errno, what: &'static str, path: &Path, needed: usize) -> Error {
    match error {
        Errno::NOSPC | Errno::DQUOT | Errno::FBIG => {
            Error::NoSpace { path: path.to_owned(), needed }
        }
        error => system_error(what, path)(error),
    }
}
