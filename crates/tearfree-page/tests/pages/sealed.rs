// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pages in memory files: passed through sockets, and sealed.

use std::fs;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;

use rustix::fs::{
    CWD, FileType, MemfdFlags, Mode, OFlags, SealFlags, fcntl_add_seals, fcntl_get_seals,
    memfd_create, mknodat, open,
};
use rustix::io::{FdFlags, fcntl_getfd};
use tearfree_page::{ByteReader, Error, Options, Reader, Writer, WriterState};

use crate::support::{Quote, ends, new_path, quote};

#[test]
fn a_sealed_page_is_sent_and_read() {
    let mut writer = Writer::create_sealed("quote", quote(0), &Options::new()).unwrap();
    let (here, there) = UnixStream::pair().unwrap();
    writer.send(&here).unwrap();
    let reader = Reader::<Quote>::receive(&there).unwrap();
    writer.set(quote(1)).unwrap();
    assert_eq!(reader.read().unwrap().value, quote(1));
    assert!(reader.geometry().sealed);
    drop(writer);
    assert_eq!(
        (reader.read().unwrap().value, reader.writer_state()),
        (quote(1), WriterState::Ended)
    );
    drop(here);
    assert!(matches!(Reader::<Quote>::receive(&there), Err(Error::NotSent)));
}

#[test]
fn a_memory_file_with_a_missing_seal_is_refused() {
    let writer = Writer::create_sealed("quote", quote(0), &Options::new()).unwrap();
    assert!(Reader::<Quote>::open_sealed(writer.sealed_file().unwrap()).is_ok());
    let all = SealFlags::SHRINK | SealFlags::GROW | SealFlags::FUTURE_WRITE | SealFlags::SEAL;
    let each = [SealFlags::SHRINK, SealFlags::GROW, SealFlags::FUTURE_WRITE, SealFlags::SEAL];
    for missing in each.into_iter().chain([all]) {
        let file = memfd_create("x", MemfdFlags::ALLOW_SEALING).unwrap();
        fcntl_add_seals(&file, all - missing).unwrap();
        assert!(
            matches!(Reader::<Quote>::open_sealed(&file), Err(Error::NotSealed)),
            "{missing:?}"
        );
    }
    let (_folder, page) = new_path();
    let named = Writer::create(&page, quote(0), &Options::new()).unwrap();
    assert!(matches!(named.inheritable(), Err(Error::NotSealed)));
    let file = fs::File::open(page.join("page")).unwrap();
    assert!(matches!(Reader::<Quote>::open_sealed(&file), Err(Error::NotSealed)));
}

#[test]
fn a_sealed_page_has_all_seals() {
    let writer = Writer::create_sealed("quote", quote(0), &Options::new()).unwrap();
    let seals = fcntl_get_seals(writer.sealed_file().unwrap()).unwrap();
    let all = SealFlags::SHRINK | SealFlags::GROW | SealFlags::FUTURE_WRITE | SealFlags::SEAL;
    assert!(seals.contains(all), "{seals:?}");
    assert!(writer.geometry().sealed);
    assert_eq!(
        Reader::<Quote>::open_sealed(writer.sealed_file().unwrap()).unwrap().get(),
        Ok(quote(0))
    );
    let read_only =
        fs::File::open(format!("/proc/self/fd/{}", writer.sealed_file().unwrap().as_raw_fd()));
    assert_eq!(ByteReader::open_sealed(read_only.unwrap()).unwrap().generation(), 0);
}

#[test]
fn only_an_inheritable_file_stays_open_in_programs_that_this_one_starts() {
    let writer = Writer::create_sealed("quote", quote(0), &Options::new()).unwrap();
    let is_closed = |file: &dyn AsFd| fcntl_getfd(file.as_fd()).unwrap().contains(FdFlags::CLOEXEC);
    assert!(is_closed(&writer.sealed_file().unwrap()));
    assert!(!is_closed(&writer.inheritable().unwrap()));
}

#[test]
fn a_message_without_a_page_is_an_error_and_so_is_a_closed_socket() {
    let (here, there) = UnixStream::pair().unwrap();
    std::io::Write::write_all(&mut &here, b"P").unwrap();
    assert!(matches!(Reader::<Quote>::receive(&there), Err(Error::NotSent)));
    let (_folder, page) = new_path();
    let named = Writer::create(&page, quote(0), &Options::new()).unwrap();
    assert!(matches!(named.send(&here), Err(Error::NotSealed)), "a named page is not sent");
    drop(there);
    let writer = Writer::create_sealed("quote", quote(0), &Options::new()).unwrap();
    let error = writer.send(&here).unwrap_err();
    assert!(matches!(error, Error::System { what: "send through", .. }), "{error}");
}

#[test]
fn an_inherited_file_is_a_sealed_page_or_an_error() {
    ends(|| {
        let writer = Writer::create_sealed("quote", quote(3), &Options::new()).unwrap();
        let number = |file: &dyn AsFd| u32::try_from(file.as_fd().as_raw_fd()).unwrap();
        let file = writer.inheritable().unwrap();
        assert_eq!(Reader::<Quote>::open_inherited(number(&file)).unwrap().get(), Ok(quote(3)));
        // Opening a pipe again would block until a writer opens it.
        let (folder, _) = new_path();
        let pipe = folder.path().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
        let pipe = open(&pipe, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).unwrap();
        let error = Reader::<Quote>::open_inherited(number(&pipe)).unwrap_err();
        assert!(matches!(error, Error::NotSealed), "{error}");
        let error = Reader::<Quote>::open_inherited(u32::MAX).unwrap_err();
        assert!(matches!(error, Error::System { what: "open", .. }), "{error}");
    });
}
