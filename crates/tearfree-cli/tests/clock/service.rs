// SPDX-License-Identifier: MIT OR Apache-2.0
//! `clock serve` as a service: what it tells its service manager, which is a socket of the test.

use std::fs;
use std::io::{ErrorKind, PipeReader, PipeWriter, Read, Write, pipe};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::{Child, Command, Stdio};

use rustix::fs::{OFlags, fcntl_setfl};
use tempfile::TempDir;

use super::*;

/// A service manager: a socket in a folder, which is also that of the page.
struct Manager {
    folder: TempDir,
    socket: UnixDatagram,
}

impl Manager {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let socket = UnixDatagram::bind(folder.path().join("notify")).expect("a socket");
        socket.set_read_timeout(Some(WATCHDOG)).expect("a timeout");
        Manager { folder, socket }
    }

    fn page(&self) -> String {
        page(&self.folder, "clock")
    }

    fn serve(&self, args: &[&str]) -> Command {
        let mut command = tearfree(&["clock", "serve", "--page", &self.page()]);
        command.args(args).env("NOTIFY_SOCKET", self.folder.path().join("notify"));
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    fn message(&self) -> Option<String> {
        let mut message = [0; 4096];
        match self.socket.recv(&mut message) {
            Ok(len) => Some(String::from_utf8_lossy(&message[..len]).into_owned()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// Waits for a message with this line.
    fn wait(&self, line: &str) -> String {
        let end = Instant::now() + WATCHDOG;
        loop {
            // Others may come without an end.
            assert!(Instant::now() < end, "no message with {line} within a minute");
            let message = self.message().unwrap_or_else(|| panic!("no message with {line}"));
            if message.lines().any(|found| found.starts_with(line)) {
                return message;
            }
        }
    }
}

/// Whether a process waits in a call of `write` to its standard output.
fn is_blocked_by_output(child: &Child) -> bool {
    let call = fs::read_to_string(format!("/proc/{}/syscall", child.id())).expect("it runs");
    call.starts_with(&format!("{} 0x1 ", libc::SYS_write))
}

fn until(what: &str, done: impl Fn() -> bool) {
    let end = Instant::now() + WATCHDOG;
    while !done() {
        assert!(Instant::now() < end, "{what}: not within a minute");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_service_manager_learns_of_the_start_the_status_and_the_end() {
    let manager = Manager::new();
    let child = manager.serve(&[]).spawn().expect("it starts");
    let first = manager.message().expect("a message");
    assert!(first.starts_with("READY=1\nSTATUS="), "{first}");
    // What starts after the service can read the clock at once.
    stdout(&["clock", "now", "--json", "--page", &manager.page()]);
    let later = manager.wait("STATUS=synchronised: ");
    assert!(!later.contains("READY") && !later.contains("WATCHDOG"), "{later}");
    signal(&child, "TERM");
    let last = manager.wait("STOPPING=1");
    assert!(last.contains("\nSTATUS=the clock runs on"), "{last}");
    let output = wait_end(child);
    assert_eq!(output.status.code(), Some(0), "a clean stop is a success");
}

#[test]
fn an_abstract_socket_is_used_too() {
    let manager = Manager::new();
    let name = manager.page();
    let address = SocketAddr::from_abstract_name(&name).expect("a name");
    let socket = UnixDatagram::bind_addr(&address).expect("a socket");
    socket.set_read_timeout(Some(WATCHDOG)).expect("a timeout");
    let mut command = manager.serve(&[]);
    let child = command.env("NOTIFY_SOCKET", format!("@{name}")).spawn().expect("it starts");
    let mut message = [0; 7];
    socket.recv(&mut message).expect("a message");
    assert_eq!(&message, b"READY=1");
    signal(&child, "TERM");
    assert_eq!(wait_end(child).status.code(), Some(0));
}

#[test]
fn a_failure_is_told_and_is_no_success() {
    let manager = Manager::new();
    stdout(&["clock", "exec", "--page", &manager.page(), "--", "true"]);
    let output = wait_end(manager.serve(&[]).spawn().expect("it starts"));
    assert_eq!(output.status.code(), Some(1));
    let message = manager.message().expect("a message");
    assert!(message.starts_with("STOPPING=1\nSTATUS="), "it was never ready: {message}");
    assert!(message.contains("test clock") && message.lines().count() == 2, "{message}");

    let manager = Manager::new();
    let child = manager.serve(&[]).spawn().expect("it starts");
    manager.wait("READY=1");
    fs::remove_dir_all(manager.page()).expect("it is a page");
    manager.wait("STOPPING=1");
    assert_eq!(wait_end(child).status.code(), Some(1), "its page was removed");
}

#[test]
fn a_socket_that_cannot_be_used_is_reported_once_and_the_clock_is_kept() {
    let manager = Manager::new();
    for (name, error) in
        [("relative", "it is neither an absolute path"), ("/none/notify", "No such file")]
    {
        let mut command = manager.serve(&["--json"]);
        command.env("NOTIFY_SOCKET", name).env("WATCHDOG_USEC", "20000").stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let mut lines = Lines::new(child.stdout.take().expect("a pipe"));
        assert!(lines.next().is_some() && lines.next().is_some(), "the clock is kept");
        signal(&child, "TERM");
        let output = wait_end(child);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            errors.matches(&format!("NOTIFY_SOCKET={name}: {error}")).count(),
            1,
            "{errors}"
        );
        assert_eq!(output.status.code(), Some(0), "{errors}");
    }
}

/// Returns the ends of a pipe that takes no more bytes.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe().expect("a pipe");
    fcntl_setfl(&writer, OFlags::NONBLOCK).expect("a pipe");
    while writer.write_all(&[b' '; 4096]).is_ok() {}
    fcntl_setfl(&writer, OFlags::empty()).expect("a pipe");
    (reader, writer)
}

/// A process can run whose timekeeper does not: the watchdog has to see that.
#[test]
fn the_watchdog_sees_a_timekeeper_that_hangs() {
    let manager = Manager::new();
    let (mut reader, writer) = full_pipe();
    let mut command = manager.serve(&["--json"]);
    command.env("WATCHDOG_USEC", "200000").stdout(writer);
    let child = command.spawn().expect("it starts");
    drop(command);
    manager.wait("WATCHDOG=1");
    until("its output blocks", || is_blocked_by_output(&child));
    manager.socket.set_nonblocking(true).expect("a socket");
    while manager.message().is_some() {}
    // Blocked as it is, it sends nothing in any time. Another thread would.
    thread::sleep(Duration::from_secs(1));
    assert_eq!(manager.message(), None, "the watchdog is told that all is well");

    manager.socket.set_nonblocking(false).expect("a socket");
    thread::spawn(move || while reader.read(&mut [0; 4096]).is_ok_and(|len| len > 0) {});
    for _ in 0..5 {
        manager.wait("WATCHDOG=1");
    }
    signal(&child, "TERM");
    manager.wait("STOPPING=1");
    assert_eq!(wait_end(child).status.code(), Some(0));
}

#[test]
fn a_watchdog_of_another_process_is_not_fed() {
    let manager = Manager::new();
    let mut command = manager.serve(&[]);
    command.env("WATCHDOG_USEC", "1000").env("WATCHDOG_PID", "1");
    let child = command.spawn().expect("it starts");
    let mut messages = vec![manager.message().expect("a message")];
    messages.push(manager.wait("STATUS=synchronised"));
    signal(&child, "TERM");
    messages.push(manager.wait("STOPPING=1"));
    assert!(!messages.concat().contains("WATCHDOG"), "{messages:?}");
    assert_eq!(wait_end(child).status.code(), Some(0));
}

/// The service manager may be busy, or stopped by a debugger. Readers need the clock all the same.
#[test]
fn a_service_manager_without_room_does_not_stop_the_clock() {
    let manager = Manager::new();
    let path = manager.folder.path().join("notify");
    // Each socket has a limit of its own.
    loop {
        let filler = UnixDatagram::unbound().expect("a socket");
        filler.set_nonblocking(true).expect("a socket");
        if filler.send_to(b"FULL=1", &path).is_err() {
            break;
        }
        while filler.send_to(b"FULL=1", &path).is_ok() {}
    }
    let mut command = manager.serve(&["--json"]);
    command.env("WATCHDOG_USEC", "20000").stdout(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut lines = Lines::new(child.stdout.take().expect("a pipe"));
    let mut generation = || json(&lines.next()?)["generation"].as_str()?.parse::<u64>().ok();
    let (first, second) = (generation().expect("a line"), generation().expect("another"));
    assert!(second > first + 2, "{first} {second}");
    // Nothing important is lost.
    let ready = manager.wait("READY=1");
    assert!(ready.contains("WATCHDOG=1"), "{ready}");
    manager.wait("WATCHDOG=1");
    signal(&child, "TERM");
    assert_eq!(wait_end(child).status.code(), Some(0));
}
