// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs a shell command with a limit, in a process group that is killed as a whole.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGINT, SIGTERM};

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How a command ended.
#[derive(Debug)]
pub(crate) enum End {
    Exited(ExitStatus),
    TimedOut,
    Interrupted,
}

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) end: End,
    /// Standard output and standard error.
    pub(crate) output: String,
    /// The time without what cargo took to build.
    pub(crate) tests_took: Duration,
    /// The time with it.
    pub(crate) took: Duration,
}

/// How long a command may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Until cargo has built the tests; for other commands, in all.
    pub(crate) build: Duration,
    /// From then on.
    pub(crate) tests: Duration,
}

/// Where commands run.
pub(crate) struct Shell {
    pub(crate) folder: PathBuf,
    /// The target directory of cargo.
    pub(crate) target: PathBuf,
    stop: Arc<AtomicBool>,
}

impl Shell {
    /// Commands end early after SIGINT or SIGTERM.
    pub(crate) fn new(folder: PathBuf, target: PathBuf) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&stop))?;
        }
        Ok(Self { folder, target, stop })
    }

    /// Runs a command to its end or its limit; what it prints goes to the file `log`.
    pub(crate) fn run(&self, command: &str, log: &Path, limits: Limits) -> io::Result<Finished> {
        let mut child = Group(self.command(command, log)?.spawn()?);
        let start = Instant::now();
        let mut built = None;
        let end = loop {
            if let Some(status) = child.0.try_wait()? {
                break End::Exited(status);
            }
            // ORDERING: Relaxed: independent word; the signal handler publishes nothing else.
            if self.stop.load(Ordering::Relaxed) {
                break End::Interrupted;
            }
            if built.is_none() && has_begun(&read(log)?) {
                built = Some(Instant::now());
            }
            let (since, limit) = built.map_or((start, limits.build), |built| (built, limits.tests));
            if since.elapsed() > limit {
                break End::TimedOut;
            }
            thread::sleep(POLL_INTERVAL);
        };
        drop(child);
        let tests_took = built.unwrap_or(start).elapsed();
        Ok(Finished { end, output: read(log)?, tests_took, took: start.elapsed() })
    }

    fn command(&self, command: &str, log: &Path) -> io::Result<Command> {
        let output = File::create(log)?;
        let mut shell = Command::new("bash");
        shell
            .args(["-c", command])
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_TERM_COLOR", "never")
            .env("CARGO_PROFILE_DEV_DEBUG", "none")
            .stdin(Stdio::null())
            .stderr(output.try_clone()?)
            .stdout(output)
            .process_group(0);
        Ok(shell)
    }
}

/// A process group, named after its first process. Dropping it kills what is left of it.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        // Nothing may be left: then there is no such group.
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
        let _ = self.0.wait();
    }
}

/// Whether cargo has built the tests, and runs the first of them.
pub(crate) fn has_begun(output: &str) -> bool {
    output
        .lines()
        .any(|line| line.starts_with("     Running ") || line.starts_with("   Doc-tests "))
}

fn read(log: &Path) -> io::Result<String> {
    fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(100);
    const SHORT: Duration = Duration::from_millis(300);

    fn run(command: &str, build: Duration, tests: Duration) -> (tempfile::TempDir, Finished) {
        let folder = tempfile::tempdir().unwrap();
        let shell = Shell::new(folder.path().into(), folder.path().join("target")).unwrap();
        let finished =
            shell.run(command, &folder.path().join("log"), Limits { build, tests }).unwrap();
        (folder, finished)
    }

    /// Whether a process is running; one that has ended may not have been waited for yet.
    fn is_running(process: &str) -> bool {
        let state = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        state.rsplit(") ").next().is_some_and(|state| !state.is_empty() && !state.starts_with('Z'))
    }

    /// Waits until a process has ended; fails after many seconds.
    fn expect_end(process: &str) {
        let start = Instant::now();
        while is_running(process) {
            assert!(start.elapsed() < LONG, "process {process} still runs");
            thread::sleep(POLL_INTERVAL);
        }
    }

    #[test]
    fn what_a_command_prints_and_its_status_are_recorded() {
        let (_folder, finished) = run("echo out; echo err >&2; exit 3", LONG, LONG);
        assert_eq!(finished.output, "out\nerr\n");
        assert!(matches!(finished.end, End::Exited(status) if status.code() == Some(3)));
    }

    #[test]
    fn a_command_that_hangs_is_killed_with_its_children() {
        let (folder, finished) = run("sleep 1000 & echo $! >child; wait", SHORT, LONG);
        assert!(matches!(finished.end, End::TimedOut));
        expect_end(fs::read_to_string(folder.path().join("child")).unwrap().trim());
    }

    #[test]
    fn children_that_a_command_leaves_behind_are_killed() {
        let (folder, finished) = run("sleep 1000 & echo $! >child", LONG, LONG);
        assert!(matches!(finished.end, End::Exited(status) if status.success()));
        expect_end(fs::read_to_string(folder.path().join("child")).unwrap().trim());
    }

    #[test]
    fn a_build_has_a_limit_of_its_own() {
        let (_folder, finished) = run("sleep 0.5; echo '     Running a (b)'", LONG, SHORT);
        assert!(matches!(finished.end, End::Exited(status) if status.success()), "{finished:?}");
        let (_folder, finished) = run("echo '     Running a (b)'; sleep 1000", LONG, SHORT);
        assert!(matches!(finished.end, End::TimedOut));
    }
}
