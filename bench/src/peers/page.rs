// SPDX-License-Identifier: MIT OR Apache-2.0
//! The page of this project, with its writer and its reader in this process.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tearfree_page::{Options, Reader, Writer};
use tempfile::TempDir;

use crate::contestant::{Contestant, Read, Write};

pub(crate) const NAME: &str = "tearfree page";
/// Whose values have no time of publication.
pub(crate) const WITHOUT_TIMES: &str = "page without times";

pub(crate) struct Page<const N: usize, const TIMED: bool = true> {
    writer: Mutex<Writer<[u64; N]>>,
    reader: Reader<[u64; N]>,
    _folder: TempDir,
}

pub(crate) struct PageWriter<'a, const N: usize>(MutexGuard<'a, Writer<[u64; N]>>);

impl<const N: usize, const TIMED: bool> Contestant<[u64; N]> for Page<N, TIMED> {
    const NAME: &'static str = if TIMED { NAME } else { WITHOUT_TIMES };
    const MANY_WRITERS: bool = false;

    type Reader<'a> = &'a Reader<[u64; N]>;
    type Writer<'a> = PageWriter<'a, N>;

    fn new(value: [u64; N]) -> Self {
        let folder = TempDir::new().expect("cannot create a folder for the page");
        let page = folder.path().join("page");
        let options = Options::new().timed(TIMED);
        let writer = Writer::create(&page, value, &options).expect("cannot create the page");
        let reader = Reader::open(&page).expect("cannot open the page");
        Self { writer: Mutex::new(writer), reader, _folder: folder }
    }

    fn reader(&self) -> &Reader<[u64; N]> {
        &self.reader
    }

    // Taken once for a whole batch, outside the measured time.
    fn writer(&self) -> PageWriter<'_, N> {
        PageWriter(self.writer.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<const N: usize> Read<[u64; N]> for &Reader<[u64; N]> {
    #[inline(always)]
    fn read(&mut self) -> [u64; N] {
        self.get().expect("the page is valid")
    }

    #[inline(always)]
    fn read_into(&mut self, out: &mut [u64; N]) {
        self.get_into(out).expect("the page is valid");
    }
}

impl<const N: usize> Write<[u64; N]> for PageWriter<'_, N> {
    #[inline(always)]
    fn set(&mut self, value: &[u64; N]) {
        self.0.set_from(value).expect("the page is ours");
    }
}
