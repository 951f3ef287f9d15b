// SPDX-License-Identifier: MIT OR Apache-2.0
//! Starting this program again as an actor, and following what it does.

use core::time::Duration;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Instant;

/// After this long something hangs.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(120);

/// An actor that runs until it is killed, or has nothing more to do. It is killed with the test.
pub(crate) struct Actor {
    pub(crate) child: Child,
    lines: BufReader<ChildStdout>,
}

impl Actor {
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_under(&[], args)
    }

    /// Starts it by way of another program, as `unshare -p -f`.
    pub(crate) fn start_under(wrapper: &[&str], args: &[&str]) -> Self {
        let mut command = command_under(wrapper, args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the actor starts");
        let lines = BufReader::new(child.stdout.take().expect("it was asked for"));
        Actor { child, lines }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line that it prints; empty at its end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("the actor prints text");
        line.trim_end().to_owned()
    }

    /// Waits until it says that it is ready.
    pub(crate) fn ready(mut self) -> Self {
        assert_eq!(self.line(), "ready");
        self
    }

    /// Says a line to it.
    pub(crate) fn tell(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().expect("its input is ours");
        writeln!(stdin, "{line}").expect("it listens");
    }

    /// Kills it by SIGKILL and waits until it is gone. It must not have ended before.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it is ours");
        let status = self.child.wait().expect("it is ours");
        assert_eq!(status.signal(), Some(libc::SIGKILL), "it had ended by itself: {status}");
    }

    /// Ends its input, and waits until it ends by itself.
    pub(crate) fn end(mut self) -> ExitStatus {
        drop(self.child.stdin.take());
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it is ours") {
                return status;
            }
            assert!(start.elapsed() < WATCHDOG, "the actor hangs");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command_under(wrapper: &[&str], args: &[&str]) -> Command {
    let this = std::env::current_exe().expect("this program has a path");
    let mut command = match wrapper {
        [] => Command::new(this),
        [program, options @ ..] => {
            let mut command = Command::new(program);
            command.args(options).arg(this);
            command
        }
    };
    command.arg("--actor").args(args);
    command
}

/// Whether this process may do what `unshare OPTIONS` does. Says so if not.
pub(crate) fn may_unshare(options: &[&str]) -> bool {
    let tried = Command::new("unshare").args(options).arg("true").stderr(Stdio::null()).status();
    let may = tried.is_ok_and(|status| status.success());
    if !may {
        eprintln!("left out: no right, or no command, to `unshare {}`", options.join(" "));
    }
    may
}

pub(crate) fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        eprintln!("left out: only root can start processes of other users");
    }
    is_root
}
