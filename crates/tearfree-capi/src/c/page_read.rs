// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree_page_read`: the read that `tearfree/inline.h` has inline for small values.

#![allow(unsafe_code, reason = "a function for C")]

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;

use tearfree_page::{Error, Unsettled};

use super::arguments::null;
use super::error::fallible;
use super::page::{Page, failure};
use super::reading::PageReading;

/// Copies the newest value, never torn.
///
/// # Safety
/// `page` is null or from `tearfree_page_open` and still open; `to` is valid for a write of `size` bytes;
/// `reading` is null or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_page_read(
    page: *const Page,
    to: *mut c_void,
    size: usize,
    reading: *mut PageReading,
) -> c_int {
    // SAFETY: an open page is a living box, of which there are only shared references.
    let page = unsafe { page.as_ref() };
    if let Some(page) = page.filter(|page| !to.is_null() && page.view.size == size) {
        // SAFETY: the caller's `size` bytes, which nothing else uses during this call.
        let bytes = unsafe { core::slice::from_raw_parts_mut(to.cast::<MaybeUninit<u8>>(), size) };
        if let Ok(read) = page.reader.read_into_uninit(bytes) {
            if !reading.is_null() {
                // SAFETY: `reading` is not null, so it is valid for a write.
                unsafe { reading.write(read.into()) };
            }
            return 0;
        }
    }
    read_failed(page, to.is_null(), size)
}

/// Reports why a read failed.
#[cold]
#[inline(never)]
fn read_failed(page: Option<&Page>, is_to_null: bool, size: usize) -> c_int {
    fallible(|| {
        let wanted = page.ok_or_else(|| null("the page"))?.view.size;
        Err(match is_to_null {
            true => null("`to`"),
            false if size != wanted => failure(&Error::Size { given: size, wanted }),
            false => failure(&Error::Unsettled(Unsettled)),
        })
    })
}
