// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one writer of a page, whatever the type of its payload.

use core::sync::atomic::Ordering::Relaxed;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, fchmod};
use rustix::thread::futex;

use crate::birth;
use crate::error::{Error, refused};
use crate::fork::SameProcess;
use crate::header::Geometry;
use crate::identity::{Identity, boot_id, namespace, own_record};
use crate::lock::{Refused, WriterLock};
use crate::mapping::Mapping;
use crate::options::Options;
use crate::place::{self, Owner, Place};
use crate::schema::Schema;
use crate::shared::Shared;
use crate::status::{
    LAST_PROMISE, NO_PROMISE, STATE_ENDED, STATE_LIVE, STATE_SUPERSEDED, boot_time_ns,
};

/// A page and the right to publish to it.
///
/// # Invariants
/// `current` is the generation that is published; only this value changes it (P5).
#[derive(Debug)]
pub(crate) struct Publisher {
    pub(crate) shared: Shared,
    pub(crate) geometry: Geometry,
    current: u64,
    lifetime_ns: u64,
    process: SameProcess,
    /// Of a sealed page: what is handed to readers.
    pub(crate) file: Option<OwnedFd>,
    /// Of a named page. The last field: the lock is given back after the page said that it ended.
    _lock: Option<WriterLock>,
}

/// The files of a page whose lock we have.
struct Locked {
    directory: OwnedFd,
    path: PathBuf,
    lock: WriterLock,
}

impl Locked {
    fn new(directory: OwnedFd, path: PathBuf) -> Result<Self, Error> {
        match WriterLock::take(&directory, &path) {
            Ok(lock) => Ok(Locked { directory, path, lock }),
            Err(Refused::Failed(error)) => Err(error),
            Err(Refused::Held(pid)) => Err(busy(&directory, path, pid)),
        }
    }

    /// The page that is there, mapped for a writer.
    fn existing(&self) -> Result<(Shared, Geometry), Error> {
        let (file, len) =
            place::open_page(&self.directory, &self.path, OFlags::RDWR, Owner::Anyone)?;
        let (shared, geometry) = Shared::map(file.as_fd(), len, &self.path, Mapping::writable)?;
        let (here, there) = (boot_id(), geometry.boot_id);
        if here != there && here != [0; 16] && there != [0; 16] {
            return Err(Error::OtherBoot(self.path.clone()));
        }
        Ok((shared, geometry))
    }
}

/// What the page says about the writer that keeps us out.
fn busy(directory: &OwnedFd, path: PathBuf, pid: Option<u32>) -> Error {
    let file = place::open_page(directory, &path, OFlags::RDONLY, Owner::Anyone);
    let mapped =
        file.and_then(|(file, len)| Shared::map(file.as_fd(), len, &path, Mapping::read_only));
    let writer = mapped.ok().and_then(|(shared, geometry)| {
        Some(Box::new(Identity { record: shared.writer()?, boot_id: geometry.boot_id }))
    });
    Error::Busy { path, pid, writer }
}

impl Publisher {
    /// Makes a page, or goes on with one of the same schema, and publishes `value`.
    pub(crate) fn create(
        page: &Path,
        schema: &Schema,
        value: &[u8],
        options: &Options,
    ) -> Result<Self, Error> {
        check_size(schema, value)?;
        let (directory, path) = place::make_directory(&Place::of(page)?)?;
        let files = Locked::new(directory, path)?;
        match files.existing() {
            Ok((shared, geometry)) => {
                let fits = fits(&files.path, &geometry, schema);
                if fits.is_ok() && geometry.wakes == options.wakes {
                    let mut publisher = Self::succeed(files, shared, geometry, options)?;
                    publisher.publish(|shared, slot| shared.store_from(slot, value));
                    return Ok(publisher);
                }
                fits.or_else(|error| if options.replace { Ok(()) } else { Err(error) })?;
                let new = Self::create_anew(files, schema, value, options)?;
                supersede(&shared, geometry.wakes);
                Ok(new)
            }
            Err(Error::Missing(_) | Error::OtherBoot(_)) => {
                Self::create_anew(files, schema, value, options)
            }
            Err(Error::Damaged(..)) if options.replace => {
                Self::create_anew(files, schema, value, options)
            }
            Err(error) => Err(error),
        }
    }

    /// Goes on with a page that is there.
    pub(crate) fn take_over(
        page: &Path,
        schema: Option<&Schema>,
        options: &Options,
    ) -> Result<Self, Error> {
        let path = Place::of(page)?.to_write();
        let files = Locked::new(place::own_directory(&path)?, path)?;
        let (shared, geometry) = files.existing()?;
        if let Some(schema) = schema {
            fits(&files.path, &geometry, schema)?;
        }
        Self::succeed(files, shared, geometry, options)
    }

    /// A page in a memory file that nobody else can change.
    pub(crate) fn create_sealed(
        name: &str,
        schema: &Schema,
        value: &[u8],
        options: &Options,
    ) -> Result<Self, Error> {
        check_size(schema, value)?;
        let (file, shared, geometry) = birth::sealed(name, schema, value, options)?;
        let mut publisher = Self::begin(shared, geometry, options, None)?;
        publisher.file = Some(file);
        Ok(publisher)
    }

    fn create_anew(
        files: Locked,
        schema: &Schema,
        value: &[u8],
        options: &Options,
    ) -> Result<Self, Error> {
        let (shared, geometry) =
            birth::named(&files.directory, &files.path, schema, value, options)?;
        Self::begin(shared, geometry, options, Some(files.lock))
    }

    /// Follows a writer that has ended, or was ended.
    fn succeed(
        files: Locked,
        shared: Shared,
        geometry: Geometry,
        options: &Options,
    ) -> Result<Self, Error> {
        let before = shared.writer().map_or(0, |record| record.takeovers);
        let publisher = Self::begin(shared, geometry, options, Some(files.lock))?;
        let shared = &publisher.shared;
        shared.set_writer(&own_record(before.wrapping_add(1), options.lifetime_ns));
        if options.lifetime_ns == 0 {
            // ORDERING: Relaxed: an independent word; the writers are ordered by the lock of the
            // page.
            shared.valid_until().store(NO_PROMISE, Relaxed);
        }
        // ORDERING: Relaxed: a number that readers only compare with their own.
        shared.time_namespace().store(namespace("time"), Relaxed);
        // ORDERING: Relaxed: an independent word; a reader that sees it late takes the old state
        // for a little longer.
        shared.state().store(STATE_LIVE, Relaxed);
        Ok(publisher)
    }

    fn begin(
        shared: Shared,
        geometry: Geometry,
        options: &Options,
        lock: Option<WriterLock>,
    ) -> Result<Self, Error> {
        // An odd count means that the last writer died in a write: its generation was never published.
        let current = shared.count().read_begin().generation();
        let process = SameProcess::new()?;
        let lifetime_ns = options.lifetime_ns;
        Ok(Publisher { shared, geometry, current, lifetime_ns, process, file: None, _lock: lock })
    }

    /// Copies what is published; nobody disturbs the writer (P5).
    pub(crate) fn load(&self, to: &mut [u8]) {
        self.shared.load_into(tearfree::raw::slot_of(self.current), to);
    }

    /// The generation that readers get now.
    pub(crate) fn generation(&self) -> u64 {
        self.current
    }

    /// Has `store` fill a slot, and sends readers there.
    #[inline(always)]
    pub(crate) fn publish(&mut self, store: impl FnOnce(&Shared, usize)) {
        self.check_process();
        if self.lifetime_ns != 0 {
            self.renew();
        }
        let count = self.shared.count();
        let slot = count.write_begin(self.current);
        store(&self.shared, slot);
        self.current = count.write_end(self.current);
        if self.geometry.wakes {
            self.wake();
        }
    }

    /// Moves the end of the promise on, without a publication.
    #[inline(never)]
    pub(crate) fn renew(&self) {
        self.check_process();
        if self.lifetime_ns != 0 {
            let until = valid_until(self.lifetime_ns);
            // ORDERING: Relaxed: an independent word, which extends the promise for the value that
            // is there already.
            self.shared.valid_until().store(until, Relaxed);
        }
    }

    #[inline(never)]
    fn wake(&self) {
        // That nobody waits is no error, and the address is good.
        let _ = futex::wake(self.shared.futex(), futex::Flags::empty(), i32::MAX.unsigned_abs());
    }

    #[inline(always)]
    pub(crate) fn check_process(&self) {
        if !self.process.is_so() {
            forked();
        }
    }

    pub(crate) fn identity(&self) -> Option<Identity> {
        Some(Identity { record: self.shared.writer()?, boot_id: self.geometry.boot_id })
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        if self.process.is_so() {
            // ORDERING: Relaxed: an independent word; the last value was published before by
            // `write_end`.
            self.shared.state().store(STATE_ENDED, Relaxed);
        }
    }
}

#[cold]
#[inline(never)]
fn forked() -> ! {
    panic!(
        "a forked child cannot write to its parent's page; \
         let the parent write, or take the page over after its end"
    );
}

pub(crate) fn valid_until(lifetime_ns: u64) -> u64 {
    match lifetime_ns {
        0 => NO_PROMISE,
        lifetime => boot_time_ns().saturating_add(lifetime).min(LAST_PROMISE),
    }
}

fn check_size(schema: &Schema, value: &[u8]) -> Result<(), Error> {
    let (given, wanted) = (value.len(), schema.size());
    if given == wanted { Ok(()) } else { Err(Error::Size { given, wanted }) }
}

pub(crate) fn fits(path: &Path, geometry: &Geometry, schema: &Schema) -> Result<(), Error> {
    if geometry.schema == *schema {
        return Ok(());
    }
    let (page, wanted) = (geometry.schema.to_string(), schema.to_string());
    Err(Error::Schema { path: path.to_owned(), page, wanted })
}

/// Tells the readers of an old page that there is a new one. The count moves too, so that nobody
/// falls asleep on the old one just now: its value is published once more.
fn supersede(shared: &Shared, wakes: bool) {
    // ORDERING: Relaxed: the publication below, which ends in `write_end`, carries it to readers
    // that wait.
    shared.state().store(STATE_SUPERSEDED, Relaxed);
    let count = shared.count();
    let start = count.read_begin();
    let value = shared.bytes(start.slot());
    let slot = count.write_begin(start.generation());
    shared.store_from(slot, &value);
    count.write_end(start.generation());
    if wakes {
        let _ = futex::wake(shared.futex(), futex::Flags::empty(), i32::MAX.unsigned_abs());
    }
}

/// Removes a page: its readers keep what they have, and are told that it is superseded.
///
/// `page` is a name, or a path if it has a `/` in it.
///
/// # Errors
/// If there is none, if it has a writer, or if the system refuses.
pub fn remove(page: impl AsRef<Path>) -> Result<(), Error> {
    let path = Place::of(page.as_ref())?.to_write();
    let files = Locked::new(place::own_directory(&path)?, path)?;
    if let Ok((shared, geometry)) = files.existing() {
        supersede(&shared, geometry.wakes);
    }
    let removed = place::unlink(&files.directory, &files.path);
    // The lock file went last, so whoever opened it before finds that it is not there any more.
    drop(files.lock);
    removed
}

/// Sets who may read a named page.
pub(crate) fn set_mode(file: &OwnedFd, options: &Options, path: &Path) -> Result<(), Error> {
    fchmod(file, Mode::from_raw_mode(options.mode)).map_err(refused("set the permissions of", path))
}
