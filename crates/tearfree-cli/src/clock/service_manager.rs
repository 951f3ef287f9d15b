// SPDX-License-Identifier: MIT OR Apache-2.0
//! The service manager that started this process, if one did: systemd, or another that speaks its protocol.
//!
//! Messages are those of `sd_notify(3)`: datagrams of `NAME=VALUE` lines. They are sent by the thread that publishes, so
//! the watchdog sees a timekeeper that hangs, and no message may make it wait: a datagram that the service manager has
//! no room for is tried again at the next tick. The crates for this protocol wait.

use core::time::Duration;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Instant;

use crate::outcome::Problem;
use crate::terminal;

/// The service manager, and what it knows.
pub(super) struct ServiceManager {
    /// `None` if there is none.
    channel: Option<Channel>,
    watchdog: Option<Watchdog>,
    is_ready: bool,
    /// Whether the last status that was sent is out of date.
    has_new_status: bool,
}

impl ServiceManager {
    /// Finds the service manager by the variables that it sets. One that is set to something invalid is reported, and
    /// counts as unset: the clock is kept all the same.
    pub(super) fn from_env() -> Self {
        let own_pid = std::process::id();
        let [socket, time, pid] =
            ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"].map(std::env::var_os);
        ServiceManager {
            channel: valid(Channel::parse(socket)),
            watchdog: valid(Watchdog::parse(time, pid, own_pid)),
            is_ready: false,
            has_new_status: false,
        }
    }

    /// Says that the timekeeper has published: it is ready, and the watchdog has its sign of life.
    pub(super) fn published(&mut self, has_new_status: bool, status: impl FnOnce() -> String) {
        let Some(channel) = &mut self.channel else { return };
        self.has_new_status |= has_new_status;
        let now = Instant::now();
        let is_due = self.watchdog.as_ref().is_some_and(|watchdog| watchdog.is_due(now));
        if self.is_ready && !self.has_new_status && !is_due {
            return;
        }
        let mut message = String::new();
        if !self.is_ready {
            message.push_str("READY=1\n");
        }
        if self.watchdog.is_some() {
            message.push_str("WATCHDOG=1\n");
        }
        message.push_str(&status_line(&status()));
        if channel.send(&message) {
            (self.is_ready, self.has_new_status) = (true, false);
            self.watchdog.iter_mut().for_each(|watchdog| watchdog.last = Some(now));
        }
    }

    /// Says that the timekeeper ends because it was asked to.
    pub(super) fn stopping(&mut self) {
        self.send_last("the clock runs on for its readers, until the next timekeeper");
    }

    /// Says why the timekeeper ends.
    pub(super) fn failing(&mut self, problem: &Problem) {
        self.send_last(&problem.to_string());
    }

    fn send_last(&mut self, status: &str) {
        if let Some(channel) = &mut self.channel {
            channel.send(&format!("STOPPING=1\n{}", status_line(status)));
        }
    }
}

/// Formats a status, which has to be one line.
fn status_line(status: &str) -> String {
    let words: Vec<&str> = status.lines().map(str::trim).collect();
    format!("STATUS={}\n", words.join(" "))
}

/// Reports an invalid variable.
fn valid<T>(parsed: Result<Option<T>, Problem>) -> Option<T> {
    parsed.unwrap_or_else(|problem| {
        terminal::print_error(&problem);
        None
    })
}

/// The socket of the service manager.
struct Channel {
    socket: UnixDatagram,
    address: SocketAddr,
    /// An error is reported once.
    is_reported: bool,
}

impl Channel {
    /// Parses `$NOTIFY_SOCKET`: an absolute path, or `@` and the name of an abstract socket.
    fn parse(name: Option<OsString>) -> Result<Option<Self>, Problem> {
        let Some(name) = name else { return Ok(None) };
        let open = || {
            let address = match name.as_bytes() {
                [b'/', ..] => SocketAddr::from_pathname(&name)?,
                [b'@', rest @ ..] => SocketAddr::from_abstract_name(rest)?,
                _ => {
                    let what = "it is neither an absolute path nor '@' and a name";
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
                }
            };
            let socket = UnixDatagram::unbound()?;
            socket.set_nonblocking(true)?;
            Ok(Channel { socket, address, is_reported: false })
        };
        open().map(Some).map_err(|error| unusable(&name, &error))
    }

    /// Sends a message. Returns whether the service manager has it.
    fn send(&mut self, message: &str) -> bool {
        match self.socket.send_to_addr(message.as_bytes(), &self.address) {
            Ok(_) => return true,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => (),
            Err(error) if self.is_reported => drop(error),
            Err(error) => {
                self.is_reported = true;
                let name = std::env::var_os("NOTIFY_SOCKET").unwrap_or_default();
                terminal::print_error(&unusable(&name, &error));
            }
        }
        false
    }
}

fn unusable(name: &OsStr, error: &io::Error) -> Problem {
    Problem::new(
        format_args!(
            "cannot notify the service manager at NOTIFY_SOCKET={}: {error}",
            name.display()
        ),
        "The clock is kept all the same. Unset the variable, or set it to a socket that exists.",
    )
}

/// The service manager ends a process that gives no sign of life for this long.
struct Watchdog {
    limit: Duration,
    /// When the last sign of life was sent.
    last: Option<Instant>,
}

impl Watchdog {
    /// Parses `$WATCHDOG_USEC`, which is meant for the process `$WATCHDOG_PID`.
    fn parse(
        time: Option<OsString>,
        pid: Option<OsString>,
        own_pid: u32,
    ) -> Result<Option<Self>, Problem> {
        let is_for_this = pid.is_none_or(|pid| pid.to_str() == Some(&own_pid.to_string()));
        let Some(time) = time.filter(|_| is_for_this) else { return Ok(None) };
        match time.to_str().and_then(|time| time.parse().ok()) {
            Some(micros @ 1..) => {
                Ok(Some(Watchdog { limit: Duration::from_micros(micros), last: None }))
            }
            _ => Err(Problem::new(
                format_args!("WATCHDOG_USEC={} is no number of microseconds", time.display()),
                "The clock is kept without a watchdog. Unset the variable, or set it as in sd_watchdog_enabled(3).",
            )),
        }
    }

    /// Whether half of the time has passed.
    fn is_due(&self, now: Instant) -> bool {
        self.last.is_none_or(|last| now.saturating_duration_since(last) >= self.limit / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Option<OsString> {
        Some(OsString::from(text))
    }

    fn limit(time: &str, pid: Option<OsString>) -> Option<Duration> {
        let parsed = Watchdog::parse(text(time), pid, 7);
        parsed.ok().flatten().map(|watchdog| watchdog.limit)
    }

    #[test]
    fn a_watchdog_is_that_of_this_process() {
        let three = Some(Duration::from_secs(3));
        assert_eq!(limit("3000000", None), three);
        assert_eq!(limit("3000000", text("7")), three);
        assert_eq!(limit("3000000", text("8")), None);
        assert!(matches!(Watchdog::parse(None, text("7"), 7), Ok(None)));
        for invalid in ["", "0", "-1", "3s", "18446744073709551616"] {
            let error = Watchdog::parse(text(invalid), None, 7).err().expect("it is invalid");
            assert!(error.to_string().contains(&format!("WATCHDOG_USEC={invalid} ")), "{error}");
        }
    }

    #[test]
    fn a_sign_of_life_is_due_after_half_of_the_time() {
        let now = Instant::now();
        let mut watchdog = Watchdog { limit: Duration::from_secs(3), last: None };
        assert!(watchdog.is_due(now), "the first is");
        watchdog.last = Some(now);
        assert!(!watchdog.is_due(now + Duration::from_millis(1499)));
        assert!(watchdog.is_due(now + Duration::from_millis(1500)));
    }

    #[test]
    fn a_socket_is_a_path_or_an_abstract_name() {
        let parsed = |name: &str| Channel::parse(text(name)).map(|channel| channel.is_some());
        assert!(matches!(parsed("/run/notify"), Ok(true)));
        assert!(matches!(parsed("@/org/notify"), Ok(true)));
        assert!(matches!(Channel::parse(None), Ok(None)));
        for invalid in ["", "notify", "vsock:2:1234", &"/long".repeat(50)] {
            let error = parsed(invalid).expect_err("it is invalid").to_string();
            assert!(error.contains(&format!("NOTIFY_SOCKET={invalid}: ")), "{error}");
        }
    }

    #[test]
    fn a_status_is_one_line() {
        let problem = Problem::new("no page 'a\nREADY=1'", "Make one.");
        assert_eq!(status_line(&problem.to_string()), "STATUS=no page 'a READY=1' Make one.\n");
    }
}
