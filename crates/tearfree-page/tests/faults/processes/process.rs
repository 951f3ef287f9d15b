// SPDX-License-Identifier: MIT OR Apache-2.0
//! Starts this program again as another process, and talks to it.

use core::time::Duration;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Instant;

use crate::left_out::{EMULATOR, is_ci, is_emulated, leave_out};

/// After this time a test fails: something hangs.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(120);

/// A process in one of the roles of `roles.rs`. Dropping it kills it.
pub(crate) struct Process {
    pub(crate) child: Child,
    lines: BufReader<ChildStdout>,
}

impl Process {
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_under(&[], args)
    }

    /// Starts it under another program, such as `unshare -p -f`.
    pub(crate) fn start_under(wrapper: &[&str], args: &[&str]) -> Self {
        let mut command = command_under(wrapper, args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the process starts");
        let lines = BufReader::new(child.stdout.take().expect("it is piped"));
        Process { child, lines }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Reads the next line that it prints; empty at its end.
    pub(crate) fn read_line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("the process prints text");
        line.trim_end().to_owned()
    }

    /// Waits until it prints "ready".
    pub(crate) fn wait_ready(mut self) -> Self {
        assert_eq!(self.read_line(), "ready");
        self
    }

    /// Sends it a line.
    pub(crate) fn send_line(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().expect("it is piped");
        writeln!(stdin, "{line}").expect("it reads its input");
    }

    /// Kills it by SIGKILL and waits for it. It must not have ended before.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it is ours");
        let status = self.child.wait().expect("it is ours");
        assert_eq!(status.signal(), Some(libc::SIGKILL), "it had ended by itself: {status}");
    }

    /// Closes its input and waits until it exits.
    pub(crate) fn wait_exit(mut self) -> ExitStatus {
        drop(self.child.stdin.take());
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it is ours") {
                return status;
            }
            assert!(start.elapsed() < WATCHDOG, "the process hangs");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program for another machine does not start by itself.
fn command_under(wrapper: &[&str], args: &[&str]) -> Command {
    let mut words: Vec<OsString> = wrapper.iter().map(OsString::from).collect();
    words.extend(std::env::var_os(EMULATOR));
    words.push(std::env::current_exe().expect("this program has a path").into());
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).arg("--role").args(args);
    command
}

/// Set in a process that was started again as root's.
const AS_ROOT: &str = "TEARFREE_TEST_AS_ROOT";

/// Returns whether this process is root's, so that the test that calls this can go on. Otherwise the test is
/// left out, or, with `CI=true`, runs in a process that sudo starts.
pub(crate) fn is_root(test: &str) -> bool {
    if rustix::process::geteuid().is_root() {
        return true;
    }
    if !is_ci() || is_emulated() || std::env::var_os(AS_ROOT).is_some() {
        leave_out("only root can start processes of other users and in other namespaces");
        return false;
    }
    let this = std::env::current_exe().expect("this program has a path");
    let mut sudo = Command::new("sudo");
    sudo.args(["-n", "env", "CI=true"])
        .arg(format!("{AS_ROOT}=1"))
        .arg(this)
        .args(["--exact", test]);
    let status = sudo.status().expect("this test needs root, or sudo");
    assert!(status.success(), "{test}, run as root: {status}");
    false
}

/// Returns whether this process may run `unshare OPTIONS`; otherwise the test is left out.
pub(crate) fn may_unshare(test: &str, options: &[&str]) -> bool {
    if !is_root(test) {
        return false;
    }
    let tried = Command::new("unshare").args(options).arg("true").stderr(Stdio::null()).status();
    let may = tried.is_ok_and(|status| status.success());
    if !may {
        leave_out(&format!("cannot run `unshare {}`", options.join(" ")));
    }
    may
}
