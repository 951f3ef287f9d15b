// SPDX-License-Identifier: MIT OR Apache-2.0
//! Making the file of a new page, whole before anybody sees it.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{
    AtFlags, FallocateFlags, MemfdFlags, Mode, OFlags, SealFlags, fallocate, fcntl_add_seals,
    memfd_create, openat, renameat, unlinkat,
};
use rustix::io::{Errno, pwrite};
use rustix::rand::{GetRandomFlags, getrandom};

use crate::error::{Error, refused};
use crate::header::{Birth, Geometry};
use crate::identity::{boot_id, namespace, own_record};
use crate::layout::stride;
use crate::mapping::Mapping;
use crate::options::Options;
use crate::place::{PAGE, UNFINISHED};
use crate::publisher::{fits, set_mode, valid_until};
use crate::schema::Schema;
use crate::shared::Shared;

/// What a memory file needs so that no reader is killed by SIGBUS and nobody else can write.
pub(crate) const SEALS: SealFlags =
    SealFlags::SHRINK.union(SealFlags::GROW).union(SealFlags::FUTURE_WRITE).union(SealFlags::SEAL);

/// Makes the file `page`, in place of one that may be there. On failure that one stays.
pub(crate) fn named(
    directory: &OwnedFd,
    path: &Path,
    schema: &Schema,
    value: &[u8],
    options: &Options,
) -> Result<(Shared, Geometry), Error> {
    // Only a writer that died in here can have left one, and we have its lock now.
    match unlinkat(directory, UNFINISHED, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => return Err(refused("remove the unfinished page in", path)(error)),
    }
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(directory, UNFINISHED, flags, Mode::from_raw_mode(0o600))
        .map_err(|error| no_space_or(error, "make a page in", path, 2 * stride(schema.size())))?;
    let finished = (|| {
        let page = fill(&file, path, schema, value, options, false)?;
        set_mode(&file, options, path)?;
        renameat(directory, UNFINISHED, directory, PAGE).map_err(refused("put in place", path))?;
        Ok(page)
    })();
    if finished.is_err() {
        let _ = unlinkat(directory, UNFINISHED, AtFlags::empty());
    }
    finished
}

/// Makes a memory file, mapped, and then sealed against everybody but this mapping.
pub(crate) fn sealed(
    name: &str,
    schema: &Schema,
    value: &[u8],
    options: &Options,
) -> Result<(OwnedFd, Shared, Geometry), Error> {
    let path = Path::new(name);
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let file = match memfd_create(name, flags | MemfdFlags::NOEXEC_SEAL) {
        // Kernels before 6.3 do not know the flag.
        Err(Errno::INVAL) => memfd_create(name, flags),
        made => made,
    };
    let file = file.map_err(refused("make the memory file", path))?;
    let (shared, geometry) = fill(&file, path, schema, value, options, true)?;
    fcntl_add_seals(&file, SEALS).map_err(refused("seal", path))?;
    Ok((file, shared, geometry))
}

fn fill(
    file: &OwnedFd,
    path: &Path,
    schema: &Schema,
    value: &[u8],
    options: &Options,
    sealed: bool,
) -> Result<(Shared, Geometry), Error> {
    let birth = Birth {
        schema,
        value,
        writer: own_record(0, options.lifetime_ns),
        valid_until: valid_until(options.lifetime_ns),
        time_namespace: namespace("time"),
        page_id: random()?,
        boot_id: boot_id(),
        wakes: options.wakes,
        sealed,
    };
    let image = birth.image();
    // A full disk has to say so here, and not by SIGBUS later.
    match fallocate(file, FallocateFlags::empty(), 0, image.len() as u64) {
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => {}
        Err(error) => return Err(no_space_or(error, "make room for", path, image.len())),
    }
    let mut written = 0;
    while written < image.len() {
        match pwrite(file, &image[written..], written as u64) {
            Ok(bytes) => written += bytes,
            Err(Errno::INTR) => {}
            Err(error) => return Err(no_space_or(error, "write", path, image.len())),
        }
    }
    let (shared, geometry) =
        Shared::map(file.as_fd(), image.len() as u64, path, Mapping::writable)?;
    // Somebody of the same user may have written to it since.
    fits(path, &geometry, schema)?;
    Ok((shared, geometry))
}

fn no_space_or(error: Errno, what: &'static str, path: &Path, needed: usize) -> Error {
    match error {
        Errno::NOSPC | Errno::DQUOT | Errno::FBIG => {
            Error::NoSpace { path: path.to_owned(), needed }
        }
        error => refused(what, path)(error),
    }
}

fn random() -> Result<u64, Error> {
    let mut bytes = [0; 8];
    getrandom(&mut bytes, GetRandomFlags::empty())
        .map_err(refused("get a random number for", "the page"))?;
    Ok(u64::from_ne_bytes(bytes))
}
