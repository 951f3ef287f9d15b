// SPDX-License-Identifier: MIT OR Apache-2.0
//! A reader of a page, whatever the type of its payload.

use core::time::Duration;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use rustix::fs::{Mode, OFlags, fcntl_get_seals, fstat, open};
use rustix::thread::futex;
use rustix::time::Timespec;
use tearfree::raw::{self, Current};

use crate::birth::SEALS;
use crate::error::{Error, Unsettled, refused};
use crate::header::Geometry;
use crate::identity::{Identity, boot_id, namespace};
use crate::mapping::Mapping;
use crate::place::{self, Owner, Place};
use crate::shared::{ATTEMPTS, Shared};
use crate::status::{Glance, WriterState};

/// How long a waiter sleeps between two looks at a page whose writer does not wake.
const NAP: Duration = Duration::from_millis(1);

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// There is another generation than the one that was seen.
    Changed,
    /// The time was up.
    TimedOut,
    /// A new page has taken the place of this one: open it again.
    Superseded,
}

/// A mapped page, and whether its promises are by a clock that we see.
#[derive(Debug)]
pub(crate) struct Subscriber {
    pub(crate) shared: Shared,
    pub(crate) geometry: Geometry,
    /// The time namespace of this process.
    time_namespace: u64,
}

impl Subscriber {
    pub(crate) fn open(page: &Path, owner: Owner) -> Result<Self, Error> {
        let path = Place::of(page)?.to_read();
        let directory = place::open_directory(&path)?;
        let (file, len) = place::open_page(&directory, &path, OFlags::RDONLY, owner)?;
        Self::map(file.as_fd(), len, &path)
    }

    /// Maps a memory file, if its seals keep everybody else from changing it.
    pub(crate) fn sealed(file: BorrowedFd<'_>) -> Result<Self, Error> {
        let path = Path::new("a memory file");
        let seals = fcntl_get_seals(file).map_err(|_| Error::NotSealed)?;
        if !seals.contains(SEALS) {
            return Err(Error::NotSealed);
        }
        let stat = fstat(file).map_err(refused("look at", path))?;
        Self::map(file, u64::try_from(stat.st_size).unwrap_or(0), path)
    }

    /// Opens, for reading only, what this process has inherited under a number.
    pub(crate) fn inherited(number: u32) -> Result<Self, Error> {
        let path = PathBuf::from(format!("/proc/self/fd/{number}"));
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file: OwnedFd = open(&path, flags, Mode::empty()).map_err(refused("open", &path))?;
        Self::sealed(file.as_fd())
    }

    fn map(file: BorrowedFd<'_>, len: u64, path: &Path) -> Result<Self, Error> {
        let (shared, geometry) = Shared::map(file, len, path, Mapping::read_only)?;
        let (here, there) = (boot_id(), geometry.boot_id);
        if here != there && here != [0; 16] && there != [0; 16] {
            return Err(Error::OtherBoot(path.to_owned()));
        }
        Ok(Subscriber { shared, geometry, time_namespace: namespace("time") })
    }

    /// Copies the payload by `copy` until a copy is whole.
    #[inline(always)]
    pub(crate) fn read<R>(&self, copy: impl FnMut(usize) -> R) -> Result<(R, u64), Unsettled> {
        raw::attempts(self.shared.count(), ATTEMPTS, copy).ok_or(Unsettled)
    }

    /// As [`read`](Self::read), until a copy was the newest one from before `copy` to its end.
    #[inline(always)]
    pub(crate) fn read_current<R>(
        &self,
        copy: impl FnMut(usize) -> R,
    ) -> Result<(R, u64), Unsettled> {
        raw::attempts(&self.current(), ATTEMPTS, copy).ok_or(Unsettled)
    }

    /// As [`read_current`](Self::read_current), but one attempt.
    #[inline(always)]
    pub(crate) fn try_current<R>(&self, copy: impl FnOnce(usize) -> R) -> Option<R> {
        raw::attempt(&self.current(), copy).map(|(result, _generation)| result)
    }

    #[inline(always)]
    fn current(&self) -> Current<'_> {
        Current(self.shared.count())
    }

    #[inline(always)]
    pub(crate) fn glance(&self) -> Glance {
        self.shared.glance(self.time_namespace)
    }

    #[inline(always)]
    pub(crate) fn generation(&self) -> u64 {
        self.shared.count().read_begin().generation()
    }

    /// Waits until the generation is another one than `seen`, or `timeout` is over.
    pub(crate) fn wait_changed(&self, seen: u64, timeout: Option<Duration>) -> Waited {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            // Acquire, so "changed" also shows what the writer did before it published.
            let start = self.shared.count().read_begin();
            if self.glance().writer_state() == WriterState::Superseded {
                return Waited::Superseded;
            }
            if start.generation() != seen {
                return Waited::Changed;
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Waited::TimedOut;
            }
            self.sleep(start.sequence(), left);
        }
    }

    /// Sleeps while the count is `count`, for at most `left`. May end for no reason.
    fn sleep(&self, count: u64, left: Option<Duration>) {
        if !self.geometry.wakes {
            thread::sleep(left.map_or(NAP, |left| left.min(NAP)));
            return;
        }
        let left = left.map(|left| Timespec {
            tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        });
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is what is waited on")]
        let low = count as u32;
        // Whatever ends it, the count says what is the case.
        let _ = futex::wait(self.shared.futex(), futex::Flags::empty(), low, left.as_ref());
    }

    pub(crate) fn identity(&self) -> Option<Identity> {
        Some(Identity { record: self.shared.writer()?, boot_id: self.geometry.boot_id })
    }
}
