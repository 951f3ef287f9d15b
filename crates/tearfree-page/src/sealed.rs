// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory files: creates and seals them, checks their seals, and passes them through sockets.

use core::mem::MaybeUninit;
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::cmsg_space;
use rustix::fs::{
    MemfdFlags, Mode, OFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, fstat, memfd_create,
    open,
};
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

use crate::error::{Error, system_error};

/// Stands in errors for the path of a memory file, which has none.
pub(crate) const MEMORY_FILE: &str = "the memory file";
const SOCKET: &str = "the socket";
/// The data beside the file descriptor; a message must have at least one byte.
const DATA: [u8; 1] = *b"P";

/// The seals that keep a reader from SIGBUS and everyone but the writer from writing.
const SEALS: SealFlags =
    SealFlags::SHRINK.union(SealFlags::GROW).union(SealFlags::FUTURE_WRITE).union(SealFlags::SEAL);

/// Creates an empty memory file that can be sealed.
pub(crate) fn create(name: &str) -> Result<OwnedFd, Error> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let file = match memfd_create(name, flags | MemfdFlags::NOEXEC_SEAL) {
        // Kernels before 6.3 do not know the flag.
        Err(Errno::INVAL) => memfd_create(name, flags),
        created => created,
    };
    file.map_err(system_error("create the memory file", Path::new(name)))
}

/// Seals a memory file. Mappings that exist already stay writable.
pub(crate) fn seal(file: &OwnedFd, name: &str) -> Result<(), Error> {
    fcntl_add_seals(file, SEALS).map_err(system_error("seal", Path::new(name)))
}

/// Checks the seals of a memory file; returns its length.
pub(crate) fn check(file: BorrowedFd<'_>) -> Result<u64, Error> {
    let seals = fcntl_get_seals(file).map_err(|_| Error::NotSealed)?;
    if !seals.contains(SEALS) {
        return Err(Error::NotSealed);
    }
    let stat = fstat(file).map_err(system_error("stat", MEMORY_FILE))?;
    Ok(u64::try_from(stat.st_size).unwrap_or(0))
}

/// Opens read-only the file that this process inherited under a file descriptor number.
pub(crate) fn open_inherited(number: u32) -> Result<OwnedFd, Error> {
    let path = PathBuf::from(format!("/proc/self/fd/{number}"));
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    open(&path, flags, Mode::empty()).map_err(system_error("open", &path))
}

/// Sends a file through a socket.
pub(crate) fn send(socket: &UnixStream, file: BorrowedFd<'_>) -> Result<(), Error> {
    let files = [file];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&files));
    loop {
        let data = [IoSlice::new(&DATA)];
        match sendmsg(socket, &data, &mut ancillary, SendFlags::NOSIGNAL) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(system_error("send through", SOCKET)(error)),
        }
    }
}

/// Receives a file from a socket. Waits for it.
pub(crate) fn receive(socket: &UnixStream) -> Result<OwnedFd, Error> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    loop {
        let mut data = [IoSliceMut::new(&mut byte)];
        match recvmsg(socket, &mut data, &mut ancillary, RecvFlags::CMSG_CLOEXEC) {
            Ok(_) => break,
            Err(Errno::INTR) => {}
            Err(error) => return Err(system_error("receive from", SOCKET)(error)),
        }
    }
    let files = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut files) => files.next(),
        _ => None,
    });
    files.ok_or(Error::NotSent)
}
