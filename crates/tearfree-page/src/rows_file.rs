// SPDX-License-Identifier: MIT OR Apache-2.0
//! The file beside a page that has the rows of a table (crate tearfree-table): removed with the page.

use std::os::fd::OwnedFd;
use std::path::Path;

use crate::contents::begins_with;
use crate::error::Error;
use crate::files;

/// How the name of such a file begins; the ID of its page follows, as 16 hexadecimal digits.
pub const NAME_PREFIX: &str = "rows-";
/// How such a file begins.
pub const MAGIC: [u8; 8] = *b"\x89TFT\r\n\x1a\n";

/// Returns the name of the file of rows that belongs to a page.
#[must_use]
pub fn rows_name(page_id: u64) -> String {
    format!("{NAME_PREFIX}{page_id:016x}")
}

fn is_rows_name(name: &str) -> bool {
    let id = name.strip_prefix(NAME_PREFIX);
    id.is_some_and(|id| id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Removes the rows of a table. Files of others, which do not begin as rows do, stay.
pub(crate) fn remove_rows(directory: &OwnedFd, path: &Path) -> Result<(), Error> {
    for name in files::names(directory, path)? {
        let name = name?;
        if is_rows_name(&name)
            && matches!(begins_with(directory, path, &name, &MAGIC), Ok(Some(true)))
        {
            files::remove_file(directory, path, &name)?;
        }
    }
    Ok(())
}
