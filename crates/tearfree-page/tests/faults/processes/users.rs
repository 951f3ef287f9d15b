// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files that belong to another user. Only root can make them.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use tearfree_page::{ByteReader, Error, Options, Owner, Reader, Writer, remove};
use tempfile::TempDir;

use super::process::{Process, is_root};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("files_of_another_user_are_refused", refused),
    ("a_writer_is_recorded_with_its_rights", rights),
];

const OTHER: u32 = 1;

fn refused() {
    if !is_root("files_of_another_user_are_refused") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    drop(Writer::create(&page, 5_u64, &Options::new()).unwrap());
    chown(page.join("page"), Some(OTHER), None).unwrap();
    for error in [
        Reader::<u64>::open(&page).unwrap_err(),
        ByteReader::open(&page).unwrap_err(),
        ByteReader::open_owned_by(&page, Owner::User(0)).unwrap_err(),
    ] {
        assert!(matches!(&error, Error::Owner { uid: OTHER, .. }), "{error}");
        assert!(error.to_string().contains("belongs to user 1 and has permissions 644"), "{error}");
    }
    for owner in [Owner::User(OTHER), Owner::Any] {
        assert_eq!(Reader::<u64>::open_owned_by(&page, owner).unwrap().get(), Ok(5));
        assert_eq!(ByteReader::open_owned_by(&page, owner).unwrap().generation(), 0);
    }
    // Its owner could exchange the files of a writer.
    chown(page.join("page"), Some(0), None).unwrap();
    chown(&page, Some(OTHER), None).unwrap();
    for error in [
        Writer::create(&page, 5_u64, &Options::new()).unwrap_err(),
        Writer::<u64>::take_over(&page, &Options::new()).unwrap_err(),
        remove(&page).unwrap_err(),
    ] {
        assert!(matches!(&error, Error::Owner { uid: OTHER, .. }), "{error}");
    }
    let error = Reader::<u64>::open(&page).unwrap_err();
    assert!(matches!(&error, Error::Owner { uid: OTHER, .. }), "{error}");
    assert_eq!(Reader::<u64>::open_owned_by(&page, Owner::Any).unwrap().get(), Ok(5));
}

fn rights() {
    if !is_root("a_writer_is_recorded_with_its_rights") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let pages = folder.path().join("pages");
    fs::create_dir(&pages).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    chown(&pages, Some(OTHER), None).unwrap();
    assert!(Process::start(&["other-user", pages.to_str().unwrap()]).wait_exit().success());
}

/// Creates a page with the rights of another user, who is not the one that started this process.
pub(crate) fn effective(folder: &str) {
    // SAFETY: the call takes a number; this process has one thread.
    assert_eq!(unsafe { libc::seteuid(OTHER) }, 0);
    let page = Path::new(folder).join("page");
    let writer = Writer::create(&page, 5_u64, &Options::new()).expect("its own folder");
    assert_eq!(writer.identity().unwrap().uid(), OTHER);
    assert_eq!(Reader::<u64>::open(&page).unwrap().writer().unwrap().uid(), OTHER);
}
