// SPDX-License-Identifier: MIT OR Apache-2.0
//! Passing an open file to another process through a socket.

use core::mem::MaybeUninit;
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::cmsg_space;
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

use crate::error::{Error, refused};

const SOCKET: &str = "the socket";
/// A file travels with at least one byte.
const LETTER: [u8; 1] = *b"P";

pub(crate) fn send(socket: &UnixStream, file: BorrowedFd<'_>) -> Result<(), Error> {
    let files = [file];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&files));
    loop {
        let data = [IoSlice::new(&LETTER)];
        match sendmsg(socket, &data, &mut ancillary, SendFlags::NOSIGNAL) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(refused("send through", SOCKET)(error)),
        }
    }
}

pub(crate) fn receive(socket: &UnixStream) -> Result<OwnedFd, Error> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut letter = [0];
    loop {
        let mut data = [IoSliceMut::new(&mut letter)];
        match recvmsg(socket, &mut data, &mut ancillary, RecvFlags::CMSG_CLOEXEC) {
            Ok(_) => break,
            Err(Errno::INTR) => {}
            Err(error) => return Err(refused("receive from", SOCKET)(error)),
        }
    }
    let files = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut files) => files.next(),
        _ => None,
    });
    files.ok_or(Error::NotSent)
}
