// SPDX-License-Identifier: MIT OR Apache-2.0
//! The lock of a page in the process that holds it.

#![allow(unsafe_code, reason = "descriptors of the library are closed by number")]

use std::fs::{self, File};
use std::os::fd::{AsRawFd, IntoRawFd, RawFd};
use std::path::Path;

use tearfree_page::{Error, Lost, Options, Reader, Writer, WriterState};

use crate::support::new_path;

/// Returns the number of the descriptor that the library has of the lock file.
fn lock_number(page: &Path) -> RawFd {
    let files = fs::read_dir("/proc/self/fd").unwrap().map(|file| file.unwrap().path());
    let lock = page.join("lock");
    let mut found = files.filter(|file| fs::read_link(file).is_ok_and(|path| path == lock));
    let number = found.next().expect("the lock file is open");
    assert_eq!(found.next(), None);
    number.file_name().unwrap().to_str().unwrap().parse().unwrap()
}

/// As a second copy of the library in this process does, for instance in a plug-in.
fn try_lock(page: &Path) -> Result<File, i32> {
    let file = File::options().read(true).write(true).open(page.join("lock")).unwrap();
    // SAFETY: all zeros is a lock of the whole file.
    let mut lock: libc::flock = unsafe { core::mem::zeroed() };
    lock.l_type = libc::F_WRLCK as libc::c_short;
    // SAFETY: the file is open, and the lock is alive.
    match unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const lock) } {
        0 => Ok(file),
        _ => Err(std::io::Error::last_os_error().raw_os_error().unwrap()),
    }
}

#[test]
fn a_second_copy_of_the_library_in_one_process_does_not_get_the_lock() {
    let (_folder, page) = new_path();
    let mut writer = Writer::create(&page, 1_u64, &Options::new()).unwrap();
    for _ in 0..2 {
        assert_eq!(try_lock(&page).unwrap_err(), libc::EAGAIN);
        assert_eq!(fs::read(page.join("lock")).unwrap(), b"tearfree page lock\n");
    }
    assert_eq!(writer.set(2), Ok(()));
    drop(writer);
    let other = try_lock(&page).expect("it is free now");
    let error = Writer::<u64>::take_over(&page, &Options::new()).unwrap_err();
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    drop(other);
    assert_eq!(Writer::<u64>::take_over(&page, &Options::new()).unwrap().get(), 2);
}

/// Other code closes a descriptor that is not its own, and opens a file that gets the number.
#[test]
fn a_file_with_the_number_of_a_lost_lock_stays_open() {
    let (folder, page) = new_path();
    let mut first = Writer::create(&page, 1_u64, &Options::new()).unwrap();
    let old = Reader::<u64>::open(&page).unwrap();
    let number = lock_number(&page);
    let other = File::create(folder.path().join("other")).unwrap().into_raw_fd();
    // SAFETY: the numbers are those of open files; the lock's is lost, on purpose.
    assert_eq!(unsafe { libc::dup2(other, number) }, number);

    let mut second = Writer::<u64>::take_over(&page, &Options::new()).expect("the lock is free");
    assert_eq!((first.set(2), first.set_word(0, 2)), (Err(Lost::TakenOver), Err(Lost::TakenOver)));
    assert_eq!((old.get(), old.writer_state()), (Ok(1), WriterState::Superseded));
    drop(first);
    assert_eq!(old.writer_state(), WriterState::Superseded);
    assert_eq!(second.set(3), Ok(()));
    assert_eq!(Reader::<u64>::open(&page).unwrap().writer_state(), WriterState::Live);
    let error = Writer::<u64>::take_over(&page, &Options::new()).unwrap_err();
    assert!(matches!(error, Error::Busy { .. }), "the first one has released the lock: {error}");
    // SAFETY: the number is that of the other file, if it is still open.
    assert_eq!(unsafe { libc::close(number) }, 0, "closed with the first writer");
    // SAFETY: our own file.
    assert_eq!(unsafe { libc::close(other) }, 0);
}

/// The permissions, the flag and the user's words of a page stay when its successor cannot write to it.
#[test]
fn a_new_page_of_a_successor_is_as_the_old_one() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, page) = new_path();
    let options = Options::new().wakes(true).mode(0o640);
    let first = Writer::create(&page, 7_u64, &options).unwrap();
    (0..8).for_each(|index| first.set_word(index, 10 + index as u64).unwrap());
    fs::remove_file(page.join("lock")).unwrap();
    let second = Writer::<u64>::take_over(&page, &Options::new()).unwrap();
    assert_eq!((second.get(), second.generation()), (7, 1 << 20));
    let new = Reader::<u64>::open(&page).unwrap();
    assert!((0..8).all(|index| new.word(index) == 10 + index as u64));
    assert!(new.geometry().wakes);
    let mode = fs::metadata(page.join("page")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_ne!(second.geometry().page_id, first.geometry().page_id);
}
