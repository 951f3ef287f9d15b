// SPDX-License-Identifier: MIT OR Apache-2.0
//! The lines of standard input, until its end or a signal.

use core::ops::Range;
use std::io::{self, Stdin};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::outcome::Problem;
use crate::stop::Stop;

/// How much is read at once.
const CHUNK: usize = 64 << 10;
/// The longest line. The longest value of a page, 16 MiB of `u8`, takes less.
const MAX_LINE: usize = 256 << 20;

/// Reads lines. It sleeps in the system while there are none, and a signal wakes it.
pub(super) struct InputLines<'a> {
    stdin: Stdin,
    stop: &'a Stop,
    /// Becomes readable when a signal arrives.
    wakener: UnixStream,
    buffer: Vec<u8>,
    /// What was read and not yet returned.
    unread: Range<usize>,
    is_at_end: bool,
    /// The number of the line that was returned last, from 1.
    number: u64,
}

impl<'a> InputLines<'a> {
    pub(super) fn new(stop: &'a Stop) -> Result<Self, Problem> {
        let wakener = stop.wakener()?;
        let (buffer, unread) = (vec![0; CHUNK], 0..0);
        Ok(InputLines {
            stdin: io::stdin(),
            stop,
            wakener,
            buffer,
            unread,
            is_at_end: false,
            number: 0,
        })
    }

    /// Returns the next line without its end; `None` at the end of the input, and after a signal. The last line may be
    /// without an end; one that a signal cut off is dropped.
    pub(super) fn next(&mut self) -> Result<Option<(u64, &[u8])>, Problem> {
        let mut searched = 0;
        let line = loop {
            let unread = &self.buffer[self.unread.clone()];
            match unread[searched..].iter().position(|&byte| byte == b'\n') {
                Some(end) => {
                    let begin = self.unread.start;
                    self.unread.start += searched + end + 1;
                    break begin..self.unread.start - 1;
                }
                None if self.is_at_end && unread.is_empty() => return Ok(None),
                None if self.is_at_end => {
                    break core::mem::replace(&mut self.unread, 0..0);
                }
                None => searched = unread.len(),
            }
            if searched > MAX_LINE {
                return Err(Problem::new(
                    format_args!("line {} is longer than {MAX_LINE} bytes", self.number + 1),
                    "End each line with a newline.",
                ));
            }
            if self.stop.signal().is_some() || !self.fill()? {
                return Ok(None);
            }
        };
        self.number += 1;
        Ok(Some((self.number, &self.buffer[line])))
    }

    /// Reads more. Returns false if a signal arrived instead.
    fn fill(&mut self) -> Result<bool, Problem> {
        let Range { start, end } = self.unread;
        if start > 0 {
            self.buffer.copy_within(start..end, 0);
            self.unread = 0..end - start;
        }
        let end = self.unread.end;
        if self.buffer.len() < end + CHUNK {
            self.buffer.resize((2 * end).max(2 * CHUNK), 0);
        }
        let mut files =
            [PollFd::new(&self.stdin, PollFlags::IN), PollFd::new(&self.wakener, PollFlags::IN)];
        match poll(&mut files, None) {
            Err(Errno::INTR) => return Ok(self.stop.signal().is_none()),
            Err(error) => return Err(failed(error)),
            Ok(_) if !files[1].revents().is_empty() => return Ok(false),
            Ok(_) => {}
        }
        match rustix::io::read(&self.stdin, &mut self.buffer[end..]) {
            Ok(0) => self.is_at_end = true,
            Ok(read) => self.unread.end += read,
            // Another process took what was there from the same pipe, or it is a socket that was read before.
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return Err(failed(error)),
        }
        Ok(true)
    }
}

fn failed(error: Errno) -> Problem {
    Problem::new(
        format_args!("cannot read standard input: {error}"),
        "Redirect it from a file or a pipe.",
    )
}
