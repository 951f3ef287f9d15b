// SPDX-License-Identifier: MIT OR Apache-2.0
//! Creates and opens files of rows.

#![allow(unsafe_code, reason = "the header is copied out of memory that other processes change")]

use core::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, FallocateFlags, Mode, OFlags, fallocate, fchmod, ftruncate, openat, renameat, statat,
    unlinkat,
};
use rustix::io::{Errno, pwrite};
use rustix::process::geteuid;
use tearfree::raw;
use tearfree_page::parts::{self, Mapping, rows_name, space_error};
use tearfree_page::{Damage, Error, Owner};
use zerocopy::FromBytes;

use crate::rows::Rows;
use crate::shape::{Header, Shape};

/// A file that is not yet complete; whoever locks the page removes it.
const TEMPORARY: &str = ".tearfree-rows";
/// The file of the page, beside the rows.
const PAGE: &str = "page";
/// Rows get their blocks on the disk in steps of so many bytes.
const CHUNK: usize = 1 << 20;

/// The directory of a table.
#[derive(Debug)]
pub(crate) struct Directory {
    file: OwnedFd,
    pub(crate) path: PathBuf,
}

impl Directory {
    pub(crate) fn for_reader(table: &Path, owner: Owner) -> Result<Self, Error> {
        let (file, path) = parts::reader_directory(table, owner)?;
        Ok(Directory { file, path })
    }

    pub(crate) fn for_writer(table: &Path) -> Result<Self, Error> {
        let (file, path) = parts::writer_directory(table)?;
        Ok(Directory { file, path })
    }

    /// Maps the rows of a page for a reader.
    pub(crate) fn open(&self, page_id: u64, owner: Owner) -> Result<Rows, Error> {
        let (file, len) = self.open_file(page_id, OFlags::RDONLY, owner)?;
        self.map(file.as_fd(), len, page_id, Mapping::read_only)
    }

    /// Maps the rows of a page for its writer.
    pub(crate) fn open_own(&self, page_id: u64) -> Result<(Rows, Space), Error> {
        let this_user = Owner::User(geteuid().as_raw());
        let (file, len) = self.open_file(page_id, OFlags::RDWR, this_user)?;
        let rows = self.map(file.as_fd(), len, page_id, Mapping::writable)?;
        let end = rows.shape.rows + rows.used() as usize * rows.shape.row_stride;
        Ok((rows, Space { file, path: self.path.join(rows_name(page_id)), end }))
    }

    fn open_file(
        &self,
        page_id: u64,
        flags: OFlags,
        owner: Owner,
    ) -> Result<(OwnedFd, u64), Error> {
        parts::open_beside(&self.file, &self.path, &rows_name(page_id), flags, owner)
    }

    fn map(
        &self,
        file: BorrowedFd<'_>,
        file_len: u64,
        page_id: u64,
        map: fn(BorrowedFd<'_>, usize, &Path) -> Result<Mapping, Error>,
    ) -> Result<Rows, Error> {
        let path = self.path.join(rows_name(page_id));
        let damaged = |damage| Error::Damaged(path.clone(), damage);
        let len = usize::try_from(file_len).map_err(|_| damaged(Damage::Sizes))?;
        if len < size_of::<Header>() {
            return Err(damaged(Damage::TooShort));
        }
        let mapping = map(file, len, &path)?;
        let copy = |range: core::ops::Range<usize>| {
            let mut bytes = vec![MaybeUninit::new(0); range.len()];
            // SAFETY: P6. The range lies inside of the mapping: it is the header, or was checked by `inspect`.
            unsafe { raw::load_bytes(mapping.address_of(range.start), &mut bytes) };
            // SAFETY: all bytes are initialised, before the copy already.
            bytes.into_iter().map(|byte| unsafe { byte.assume_init() }).collect::<Vec<u8>>()
        };
        let header = Header::read_from_bytes(&copy(0..size_of::<Header>()))
            .map_err(|_| damaged(Damage::TooShort))?;
        let shape = Shape::inspect(&header, page_id, file_len, copy).map_err(damaged)?;
        Ok(Rows::new(mapping, shape))
    }

    /// Creates the file of rows of a page, with what `fill` stores in it, complete before it gets its name.
    pub(crate) fn create(
        &self,
        page_id: u64,
        shape: Shape,
        fill: impl FnOnce(&Rows, &mut Space) -> Result<(), Error>,
    ) -> Result<(Rows, Space), Error> {
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let path = self.path.join(rows_name(page_id));
        let _ = unlinkat(&self.file, TEMPORARY, AtFlags::empty());
        let failed = |what, needed| {
            let path = path.clone();
            move |error| space_error(error, what, &path, needed)
        };
        let file = openat(&self.file, TEMPORARY, flags, Mode::from_raw_mode(0o600))
            .map_err(failed("create", shape.rows))?;
        let finished = (|| {
            let len = shape.total_len;
            parts::check_file_size(len).map_err(failed("write", len))?;
            ftruncate(&file, len as u64).map_err(failed("set the length of", len))?;
            let mut space = Space { file, path: path.clone(), end: 0 };
            space.extend(shape.rows)?;
            write(space.file.as_fd(), &shape.header(page_id), 0)
                .map_err(failed("write", shape.rows))?;
            let mapping = Mapping::writable(space.file.as_fd(), len, &path)?;
            let rows = Rows::new(mapping, shape);
            fill(&rows, &mut space)?;
            let page = statat(&self.file, PAGE, AtFlags::SYMLINK_NOFOLLOW)
                .map_err(failed("stat the page of", 0))?;
            fchmod(&space.file, Mode::from_raw_mode(page.st_mode & 0o777))
                .map_err(failed("set the permissions of", 0))?;
            renameat(&self.file, TEMPORARY, &self.file, rows_name(page_id))
                .map_err(failed("name", 0))?;
            Ok((rows, space))
        })();
        if finished.is_err() {
            let _ = unlinkat(&self.file, TEMPORARY, AtFlags::empty());
        }
        finished
    }

    /// Removes the rows of earlier pages. What cannot be removed stays, for the next writer.
    pub(crate) fn remove_others(&self, page_id: u64) {
        let Ok(names) = parts::names(&self.file, &self.path) else { return };
        let own = rows_name(page_id);
        for name in names.flatten() {
            let Some(id) = name.strip_prefix(parts::NAME_PREFIX) else { continue };
            let id = u64::from_str_radix(id, 16);
            if id.is_ok_and(|id| rows_name(id) == name) && name != own && self.is_rows(&name) {
                let _ = unlinkat(&self.file, &*name, AtFlags::empty());
            }
        }
    }

    /// Whether a file begins as files of rows do.
    fn is_rows(&self, name: &str) -> bool {
        let opened = parts::open_beside(&self.file, &self.path, name, OFlags::RDONLY, Owner::Any);
        let mut magic = [0; parts::MAGIC.len()];
        let read = opened.ok().and_then(|(file, _)| rustix::io::pread(&file, &mut magic, 0).ok());
        read == Some(magic.len()) && magic == parts::MAGIC
    }
}

/// A file of rows, of which the first bytes have their blocks on the disk: stores there cannot fail.
#[derive(Debug)]
pub(crate) struct Space {
    file: OwnedFd,
    path: PathBuf,
    end: usize,
}

impl Space {
    /// Makes sure that the first `used` rows have their blocks.
    pub(crate) fn reserve(&mut self, shape: &Shape, used: u32) -> Result<(), Error> {
        let needed = shape.rows + used as usize * shape.row_stride;
        if needed <= self.end {
            return Ok(());
        }
        self.extend(needed.next_multiple_of(CHUNK).min(shape.total_len))
    }

    /// So that a full disk is an error here and not SIGBUS later.
    fn extend(&mut self, end: usize) -> Result<(), Error> {
        let len = end - self.end;
        let failed = |error| space_error(error, "allocate", &self.path, len);
        match fallocate(&self.file, FallocateFlags::empty(), self.end as u64, len as u64) {
            Ok(()) => {}
            // A file system that cannot do it. These bytes are all zero: no row lies there yet.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
                let zeros = vec![0; CHUNK.min(len)];
                for at in (self.end..end).step_by(CHUNK) {
                    write(self.file.as_fd(), &zeros[..CHUNK.min(end - at)], at).map_err(failed)?;
                }
            }
            Err(error) => return Err(failed(error)),
        }
        self.end = end;
        Ok(())
    }
}

/// Writes all of the bytes.
fn write(file: BorrowedFd<'_>, mut bytes: &[u8], mut at: usize) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match pwrite(file, bytes, at as u64) {
            Ok(0) => return Err(Errno::NOSPC),
            Ok(written) => {
                bytes = &bytes[written..];
                at += written;
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
