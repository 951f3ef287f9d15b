// SPDX-License-Identifier: MIT OR Apache-2.0
//! Creates the file of a new page, complete before other processes can see it.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{
    FallocateFlags, Mode, OFlags, RenameFlags, fallocate, fchmod, openat, renameat, renameat_with,
};
use rustix::io::{Errno, pwrite};

use crate::error::{Error, system_error};
use crate::files::remove_file;
use crate::header::NewPage;
use crate::identity::{boot_id, namespace, own_record, random};
use crate::layout::stride;
use crate::mapped_page::MappedPage;
use crate::mapping::Mapping;
use crate::options::Options;
use crate::path::{ASIDE, PAGE};
use crate::schema::Schema;
use crate::sealed;
use crate::stamp::StampSource;
use crate::time::initial_boot_time_ns;

/// The permissions of a page that was asked for without any.
const DEFAULT_MODE: u32 = 0o644;

/// Creates the file `page`. An existing one, `replaced`, stays on failure; otherwise it is put aside, for its readers to
/// be told.
pub(crate) fn create_named(
    directory: &OwnedFd,
    path: &Path,
    schema: &Schema,
    value: &[u8],
    options: &Options,
    replaced: Option<&MappedPage>,
) -> Result<MappedPage, Error> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(directory, ASIDE, flags, Mode::from_raw_mode(0o600))
        .map_err(|error| space_error(error, "create a page in", path, 2 * stride(schema.size())))?;
    let finished = (|| {
        let incarnation = next_incarnation(replaced, initial_boot_time_ns());
        let page = fill(&file, path, schema, value, options, incarnation, false)?;
        let mode = Mode::from_raw_mode(options.mode.unwrap_or(DEFAULT_MODE));
        fchmod(&file, mode).map_err(system_error("set the permissions of", path))?;
        rename(directory).map_err(system_error("rename the new page in", path))?;
        Ok(page)
    })();
    if finished.is_err() {
        let _ = remove_file(directory, path, ASIDE);
    }
    finished
}

/// Gives the new page its name. An existing page is put aside in the same step: if this process is killed now, the next
/// writer still finds it.
fn rename(directory: &OwnedFd) -> Result<(), Errno> {
    match renameat_with(directory, ASIDE, directory, PAGE, RenameFlags::EXCHANGE) {
        // There is no page yet, or a file system that cannot do it, where the old page is lost at this step.
        Err(Errno::NOENT | Errno::INVAL | Errno::NOSYS) => {
            renameat(directory, ASIDE, directory, PAGE)
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
    let path = Path::new(name);
    let page = fill(&file, path, schema, value, options, initial_boot_time_ns(), true)?;
    sealed::seal(&file, name)?;
    Ok((file, page))
}

/// Returns the incarnation of a page that is created `now`: larger than that of the page that it replaces. Pages that were
/// removed by hand, and left no number, are earlier than `now`.
fn next_incarnation(replaced: Option<&MappedPage>, now: u64) -> u64 {
    let before = replaced.map_or(0, |page| page.geometry.incarnation);
    before.saturating_add(1).max(now)
}

fn fill(
    file: &OwnedFd,
    path: &Path,
    schema: &Schema,
    value: &[u8],
    options: &Options,
    incarnation: u64,
    sealed: bool,
) -> Result<MappedPage, Error> {
    let page = NewPage {
        schema,
        value,
        writer: own_record(0, options.lifetime_ns),
        stamp: StampSource::new(options.timing(), namespace("time")).stamp(),
        page_id: random("the page")?,
        boot_id: boot_id(),
        incarnation,
        wakes: options.wakes,
        sealed,
    };
    let bytes = page.to_bytes();
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

fn space_error(error: Errno, what: &'static str, path: &Path, needed: usize) -> Error {
    match error {
        Errno::NOSPC | Errno::DQUOT | Errno::FBIG => {
            Error::NoSpace { path: path.to_owned(), needed }
        }
        error => system_error(what, path)(error),
    }
}
