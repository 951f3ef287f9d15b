// SPDX-License-Identifier: MIT OR Apache-2.0
//! The files of a page: their permissions, their owners, what is refused, and what is left.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};
use tearfree_page::{Error, Options, Owner, Reader, Writer, WriterState, remove};

use crate::support::{Quote, ends, new_path, quote};

/// Creates a directory that only this user may write to.
fn create_directory(path: &Path) {
    fs::create_dir(path).unwrap();
    set_mode(path, 0o755);
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn files_have_the_documented_permissions() {
    let (_folder, page) = new_path();
    let writer = Writer::create(&page, quote(0), &Options::new()).unwrap();
    let mode = |file: &str| fs::metadata(page.join(file)).unwrap().mode() & 0o777;
    assert_eq!((mode("page"), mode("lock"), mode("")), (0o644, 0o600, 0o755), "whatever the umask");
    drop(writer);
    remove(&page).unwrap();
    let _writer = Writer::create(&page, quote(0), &Options::new().mode(0o7777)).unwrap();
    assert_eq!(mode("page"), 0o644, "bits outside 0644 are ignored");
    let private = page.with_extension("private");
    let _private = Writer::create(&private, 0_u8, &Options::new().mode(0)).unwrap();
    assert_eq!(fs::metadata(private.join("page")).unwrap().mode() & 0o7777, 0o600);
}

#[test]
fn links_are_not_followed_and_special_files_not_opened() {
    ends(|| {
        let (folder, page) = new_path();
        drop(Writer::create(&page, quote(0), &Options::new()).unwrap());
        let link = folder.path().join("link");
        symlink(&page, &link).unwrap();
        assert!(matches!(Reader::<Quote>::open(&link), Err(Error::NotAFile(_))));
        assert!(matches!(
            Writer::create(&link, quote(1), &Options::new()),
            Err(Error::NotAFile(_))
        ));

        let fake = folder.path().join("fake");
        create_directory(&fake);
        symlink(page.join("page"), fake.join("page")).unwrap();
        assert!(matches!(Reader::<Quote>::open(&fake), Err(Error::NotAFile(_))));
        assert!(matches!(
            Writer::create(&fake, quote(1), &Options::new()),
            Err(Error::NotAFile(_))
        ));

        // Opening a pipe would block until a writer opens it.
        fs::remove_file(fake.join("page")).unwrap();
        mknodat(CWD, fake.join("page"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        assert!(matches!(Reader::<Quote>::open(&fake), Err(Error::NotAFile(_))));
        assert!(matches!(
            Writer::create(&fake, quote(1), &Options::new()),
            Err(Error::NotAFile(_))
        ));
        fs::remove_file(fake.join("page")).unwrap();
        mknodat(CWD, fake.join("page"), FileType::Socket, Mode::RUSR | Mode::WUSR, 0).unwrap();
        assert!(matches!(Reader::<Quote>::open(&fake), Err(Error::NotAFile(_))));
        fs::remove_file(fake.join("page")).unwrap();
        fs::create_dir(fake.join("page")).unwrap();
        assert!(matches!(Reader::<Quote>::open(&fake), Err(Error::NotAFile(_))));
        assert!(matches!(
            Writer::create(&fake, quote(1), &Options::new()),
            Err(Error::NotAFile(_))
        ));
        fs::remove_dir(fake.join("page")).unwrap();

        symlink(page.join("lock"), fake.join("lock")).unwrap();
        assert!(matches!(
            Writer::create(&fake, quote(1), &Options::new()),
            Err(Error::NotAFile(_))
        ));
        fs::remove_file(fake.join("lock")).unwrap();
        fs::create_dir(fake.join("lock")).unwrap();
        assert!(matches!(
            Writer::create(&fake, quote(1), &Options::new()),
            Err(Error::NotAFile(_))
        ));
    });
}

#[test]
fn a_directory_that_others_may_write_to_is_refused() {
    let (_folder, page) = new_path();
    create_directory(&page);
    for mode in [0o700, 0o755, 0o750] {
        set_mode(&page, mode);
        drop(Writer::create(&page, quote(0), &Options::new()).unwrap());
    }
    for bad in [0o777, 0o775, 0o757, 0o720, 0o702, 0o1777] {
        set_mode(&page, bad);
        for error in [
            Writer::create(&page, quote(0), &Options::new()).unwrap_err(),
            Writer::<Quote>::take_over(&page, &Options::new()).unwrap_err(),
            remove(&page).unwrap_err(),
        ] {
            assert!(matches!(error, Error::Owner { mode, .. } if mode == bad), "{error}");
        }
        let error = Reader::<Quote>::open(&page).unwrap_err();
        assert!(matches!(error, Error::Owner { mode, .. } if mode == bad), "{error}");
    }
}

#[test]
fn a_reader_can_require_an_owner() {
    let (_folder, page) = new_path();
    let _writer = Writer::create(&page, quote(0), &Options::new()).unwrap();
    let owner = fs::metadata(&page).unwrap().uid();
    let by_id = owner.to_string().parse().unwrap();
    for trusted in [Owner::ThisUserOrRoot, Owner::User(owner), by_id, Owner::Any] {
        assert!(Reader::<Quote>::open_owned_by(&page, trusted).is_ok(), "{trusted:?}");
    }
    let error = Reader::<Quote>::open_owned_by(&page, Owner::User(owner + 1)).unwrap_err();
    assert!(error.to_string().contains("is trusted"), "{error}");
}

#[test]
fn invalid_names_and_paths_are_refused_with_advice() {
    // The system would take the text before the zero byte, or refuse the path without saying why.
    for name in ["a b", "", "a\0", "./a\0", "\0/a", "./a\0b/c"] {
        for error in [
            Reader::<u64>::open(name).unwrap_err(),
            Writer::create(name, 1_u8, &Options::new()).unwrap_err(),
            Writer::<u8>::take_over(name, &Options::new()).unwrap_err(),
            remove(name).unwrap_err(),
        ] {
            assert!(matches!(&error, Error::InvalidName(given) if given == name), "{error}");
            assert!(error.to_string().contains("a path contains a '/'"), "{error}");
            assert!(!error.to_string().contains('\0'), "{error:?}");
        }
    }
    assert!(Writer::create_sealed("a\0b", 1_u8, &Options::new()).is_err());
    let (folder, _) = new_path();
    let file = folder.path().join("file");
    fs::write(&file, "no page").unwrap();
    assert!(matches!(Reader::<u64>::open(&file), Err(Error::NotAFile(_))));
    let error = Writer::create(folder.path().join("no/where"), 1_u8, &Options::new()).unwrap_err();
    assert!(matches!(error, Error::System { .. }), "{error}");
}

#[test]
fn a_removal_that_fails_changes_nothing() {
    let (_folder, page) = new_path();
    drop(Writer::create(&page, quote(1), &Options::new()).unwrap());
    let reader = Reader::<Quote>::open(&page).unwrap();
    let stuck = page.join(".tearfree-stuck");
    fs::create_dir(&stuck).unwrap();
    assert!(matches!(remove(&page), Err(Error::System { what: "remove", .. })));
    assert_eq!(reader.writer_state(), WriterState::Ended);
    assert_eq!(Reader::<Quote>::open(&page).unwrap().get(), Ok(quote(1)));
    fs::remove_dir(&stuck).unwrap();
    remove(&page).unwrap();
    assert_eq!(reader.writer_state(), WriterState::Superseded);
    assert!(!page.exists());
}

/// Descriptors that stay open would be inherited, and mappings would use up the process's memory.
#[test]
fn readers_and_writers_leave_nothing_open() {
    let (folder, page) = new_path();
    let open_files = || {
        let files = fs::read_dir("/proc/self/fd").unwrap();
        files
            .filter_map(|file| file.ok().map(|file| file.path()))
            .filter_map(|file| Some((fs::read_link(&file).ok()?, file)))
            .filter(|(path, _)| path.starts_with(folder.path()))
            .map(|(path, file)| (path.file_name().unwrap().to_owned(), file))
            .collect::<Vec<_>>()
    };
    let mappings = || {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().filter(|line| line.contains(folder.path().to_str().unwrap())).count()
    };
    let mut writer = Writer::create(&page, quote(0), &Options::new()).unwrap();
    let reader = Reader::<Quote>::open(&page).unwrap();
    assert_eq!(mappings(), 2);
    let mut open = open_files();
    open.sort();
    assert_eq!(
        open.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        ["lock", "page"],
        "the writer's lock, and its page's name"
    );
    let number = open[0].1.file_name().unwrap().to_str().unwrap();
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap();
    let flags = u32::from_str_radix(flags.trim(), 8).unwrap();
    assert_ne!(
        flags & OFlags::CLOEXEC.bits(),
        0,
        "programs that this one starts do not inherit it"
    );
    writer.set(quote(1)).unwrap();
    drop(writer);
    drop(reader);
    assert!(Writer::<u64>::take_over(&page, &Options::new()).is_err());
    assert!(Reader::<u64>::open(&page).is_err());
    assert!(Writer::create(&page, 1_u64, &Options::new()).is_err());
    remove(&page).unwrap();
    assert_eq!((open_files().len(), mappings()), (0, 0));
}
