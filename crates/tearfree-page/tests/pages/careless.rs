// SPDX-License-Identifier: MIT OR Apache-2.0
//! Directories of others, and what is in them: nothing is created, replaced or removed there.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use tearfree_page::{Error, Options, Owner, Reader, Writer, WriterState, remove};

use crate::support::{new_path, quote};

/// The names and the contents of the files in a directory.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let file = |entry: fs::DirEntry| {
        (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
    };
    fs::read_dir(directory).unwrap().map(|entry| file(entry.unwrap())).collect()
}

fn create_directory(path: &Path, contents: &[(&str, &str)]) {
    fs::create_dir(path).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    for (name, content) in contents {
        fs::write(path.join(name), content).unwrap();
    }
}

/// A user's own files have the names of a page's files, or other names.
#[test]
fn a_directory_of_others_is_refused_and_stays_as_it_is() {
    let directories: [&[(&str, &str)]; 6] = [
        &[("page", "my manuscript"), ("page.new", "my draft"), ("lock", "1234\n")],
        &[("page", "my manuscript")],
        &[("page", "")],
        &[("lock", "")],
        &[("lock", "1234\n"), (".tearfree-page", "")],
        &[("notes", "mine")],
    ];
    for contents in directories {
        let (_folder, page) = new_path();
        create_directory(&page, contents);
        let before = files(&page);
        let options = Options::new().replace(true);
        for error in [
            Writer::create(&page, quote(1), &options).unwrap_err(),
            Writer::<u64>::take_over(&page, &options).unwrap_err(),
            remove(&page).unwrap_err(),
        ] {
            assert!(matches!(error, Error::Foreign { .. }), "{contents:?}: {error}");
            assert!(error.to_string().contains(contents[0].0), "{error}");
        }
        assert_eq!(files(&page), before);
    }
}

#[test]
fn an_empty_directory_is_no_page_and_may_become_one() {
    let (_folder, page) = new_path();
    create_directory(&page, &[]);
    assert!(matches!(remove(&page), Err(Error::Missing(_))));
    assert!(matches!(Writer::<u64>::take_over(&page, &Options::new()), Err(Error::Missing(_))));
    assert_eq!(files(&page), BTreeMap::new());
    drop(Writer::create(&page, 5_u64, &Options::new()).unwrap());
    assert_eq!(files(&page).into_keys().collect::<Vec<_>>(), ["lock", "page"]);
}

#[test]
fn files_of_others_beside_a_page_stay() {
    let (_folder, page) = new_path();
    drop(Writer::create(&page, 5_u64, &Options::new()).unwrap());
    for name in ["notes", "page.new", "page.bak"] {
        fs::write(page.join(name), "mine").unwrap();
    }
    drop(Writer::create(&page, quote(1), &Options::new().replace(true)).unwrap());
    remove(&page).unwrap();
    assert_eq!(files(&page).into_keys().collect::<Vec<_>>(), ["notes", "page.bak", "page.new"]);
    assert!(matches!(remove(&page), Err(Error::Foreign { .. })), "the page is gone");
}

/// What a writer leaves that is killed anywhere, and what a cleaner leaves.
#[test]
fn what_is_left_of_a_page_is_continued_or_removed() {
    let left: [(&str, &[&str]); 4] = [
        ("only the lock", &["page"]),
        ("only the page", &["lock"]),
        ("nothing but temporary files", &["page", "lock"]),
        ("all", &[]),
    ];
    for (what, gone) in left {
        for is_removed in [false, true] {
            let (_folder, page) = new_path();
            drop(Writer::create(&page, 5_u64, &Options::new()).unwrap());
            fs::write(page.join(".tearfree-00112233445566ff"), "unfinished").unwrap();
            fs::write(page.join(".tearfree-0123456789abcdef"), "tearf").unwrap();
            gone.iter().for_each(|file| fs::remove_file(page.join(file)).unwrap());
            if is_removed && gone.len() == 2 {
                assert!(matches!(remove(&page), Err(Error::Missing(_))), "{what}");
            } else if is_removed {
                remove(&page).unwrap();
                assert!(!page.exists(), "{what}");
            } else {
                let writer = Writer::create(&page, 6_u64, &Options::new()).unwrap();
                assert_eq!(writer.get(), 6, "{what}");
                let files = files(&page);
                assert_eq!(files.into_keys().collect::<Vec<_>>(), ["lock", "page"], "{what}");
            }
        }
    }
}

/// The writer was killed between the two steps of a removal or a replacement.
#[test]
fn readers_of_a_page_that_was_put_aside_are_told_by_the_next_writer() {
    for is_removed in [false, true] {
        let (_folder, page) = new_path();
        drop(Writer::create(&page, 5_u64, &Options::new()).unwrap());
        let reader = Reader::<u64>::open(&page).unwrap();
        fs::rename(page.join("page"), page.join(".tearfree-00112233445566ff")).unwrap();
        assert_eq!(reader.writer_state(), WriterState::Ended);
        if is_removed {
            remove(&page).unwrap();
            assert!(!page.exists());
        } else {
            drop(Writer::create(&page, 6_u64, &Options::new()).unwrap());
            assert_eq!(Reader::<u64>::open(&page).unwrap().get(), Ok(6));
        }
        let reading = reader.read().unwrap();
        assert_eq!((reading.value, reading.writer_state()), (5, WriterState::Superseded));
    }
}

#[test]
fn permissions_that_are_asked_for_are_those_of_the_page() {
    let (_folder, page) = new_path();
    let mode = || fs::metadata(page.join("page")).unwrap().mode() & 0o777;
    drop(Writer::create(&page, 5_u64, &Options::new()).unwrap());
    let reader = Reader::<u64>::open(&page).unwrap();
    drop(Writer::create(&page, 42_u64, &Options::new().mode(0o600)).unwrap());
    assert_eq!(mode(), 0o600);
    let reading = reader.read().unwrap();
    assert_eq!(
        (reading.value, reading.writer_state()),
        (5, WriterState::Superseded),
        "who had it open sees 42"
    );
    drop(Writer::create(&page, 43_u64, &Options::new()).unwrap());
    assert_eq!(mode(), 0o600, "no permissions were asked for");
    drop(Writer::create(&page, 44_u64, &Options::new().mode(0o644)).unwrap());
    assert_eq!(mode(), 0o644);
}

/// Who can write to the file can cut it off, and then each access of a reader is SIGBUS.
#[test]
fn a_page_that_others_may_write_to_is_refused() {
    let (_folder, page) = new_path();
    drop(Writer::create(&page, 5_u64, &Options::new()).unwrap());
    let uid = fs::metadata(&page).unwrap().uid();
    for (file, is_directory) in [("page", false), ("", true)] {
        for bad in [0o666, 0o620, 0o602] {
            let path = page.join(file);
            let mode = if is_directory { bad | 0o111 } else { bad };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            for owner in [Owner::ThisUserOrRoot, Owner::User(uid)] {
                let error = Reader::<u64>::open_owned_by(&page, owner).unwrap_err();
                assert!(error.to_string().contains("only its owner may write there"), "{error}");
            }
            assert!(Reader::<u64>::open_owned_by(&page, Owner::Any).is_ok(), "{mode:o}");
            let error = Writer::<u64>::take_over(&page, &Options::new()).unwrap_err();
            assert!(matches!(error, Error::Owner { .. }), "{error}");
        }
        let mode = if is_directory { 0o755 } else { 0o644 };
        fs::set_permissions(page.join(file), fs::Permissions::from_mode(mode)).unwrap();
    }
    assert!(Reader::<u64>::open(&page).is_ok());
}
