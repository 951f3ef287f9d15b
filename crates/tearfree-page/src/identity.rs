// SPDX-License-Identifier: MIT OR Apache-2.0
//! Identifies the process that writes a page.

use core::fmt;
use core::time::Duration;
use std::{fs, io};

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use rustix::rand::{GetRandomFlags, getrandom};

use crate::error::{Error, system_error};
use crate::layout::WriterRecord;
use crate::time::unix_time_ns;

/// The process that writes a page, or wrote it last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterIdentity {
    pub(crate) record: WriterRecord,
    pub(crate) boot_id: [u8; 16],
}

impl WriterIdentity {
    /// Returns the process ID in the writer's own PID namespace.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.record.pid
    }

    /// Returns the effective user ID.
    #[must_use]
    pub fn uid(&self) -> u32 {
        self.record.uid
    }

    /// Returns the inode of the PID namespace, or 0 if unknown.
    #[must_use]
    pub fn pid_namespace(&self) -> u64 {
        self.record.pid_namespace
    }

    /// Returns the start time of the process in clock ticks after the boot, or 0 if unknown.
    #[must_use]
    pub fn start_time(&self) -> u64 {
        self.record.start_time
    }

    /// Returns the boot ID of the kernel under which the page was created, or zero if unknown.
    #[must_use]
    pub fn boot_id(&self) -> [u8; 16] {
        self.boot_id
    }

    /// Returns how many writers the page had before this one.
    #[must_use]
    pub fn takeovers(&self) -> u64 {
        self.record.takeovers
    }

    /// Returns when the process became the writer: nanoseconds since 1970.
    #[must_use]
    pub fn since_ns(&self) -> u64 {
        self.record.since_ns
    }

    /// Returns the promised longest time between two publications, or zero without a promise.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        Duration::from_nanos(self.record.lifetime_ns)
    }

    /// Returns whether the process is running. `None` if this process cannot know: the writer is in
    /// another PID namespace, or `/proc` is not mounted. A running process may have ended its writer.
    #[must_use]
    pub fn is_running(&self) -> Option<bool> {
        if !self.is_in_this_namespace() || !self.has_comparable_start() {
            return None;
        }
        let stat = read_stat(self.record.pid);
        Some(stat.is_ok_and(|stat| {
            parse_start_time(&stat) == Some(self.record.start_time) && !is_zombie(&stat)
        }))
    }

    /// Returns whether the process has provably ended, with all of its threads. Where that is unknown, it may be alive.
    pub(crate) fn is_gone(&self) -> bool {
        if !self.is_in_this_namespace() {
            return false;
        }
        let pid = i32::try_from(self.record.pid).ok().and_then(Pid::from_raw);
        let Some(pid) = pid else { return false };
        if test_kill_process(pid) == Err(Errno::SRCH) {
            return true;
        }
        if !self.has_comparable_start() {
            return false;
        }
        read_stat(self.record.pid).is_ok_and(|stat| {
            parse_start_time(&stat).is_some_and(|start| start != self.record.start_time)
                || is_zombie(&stat) && parse_thread_count(&stat) == Some(1)
        })
    }

    fn is_in_this_namespace(&self) -> bool {
        let here = namespace("pid");
        here != 0 && here == self.record.pid_namespace
    }

    /// Whether `/proc` shows the processes of this PID namespace, with start times by the clock of the writer's.
    fn has_comparable_start(&self) -> bool {
        self.record.start_time != 0
            && self.record.time_namespace == namespace("time")
            && fs::read_to_string("/proc/self/status")
                .is_ok_and(|status| is_of_one_namespace(&status))
    }
}

impl fmt::Display for WriterIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = &self.record;
        write!(f, "pid {} of PID namespace {}, ", record.pid, record.pid_namespace)?;
        write!(f, "user {}, boot {}", record.uid, boot_id_text(&self.boot_id))
    }
}

/// Formats a boot ID as the kernel does.
#[must_use]
pub fn boot_id_text(id: &[u8; 16]) -> String {
    let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// Describes this process, as a writer.
pub(crate) fn own_record(takeovers: u64, lifetime_ns: u64) -> WriterRecord {
    // The process ID that `/proc` has for this process; it may be of another PID namespace.
    let this = fs::read_link("/proc/self").ok();
    let stat = this.and_then(|this| read_stat(this.display()).ok());
    WriterRecord {
        takeovers,
        pid: std::process::id(),
        uid: rustix::process::geteuid().as_raw(),
        pid_namespace: namespace("pid"),
        start_time: stat.and_then(|stat| parse_start_time(&stat)).unwrap_or(0),
        since_ns: unix_time_ns(),
        lifetime_ns,
        time_namespace: namespace("time"),
        reserved: 0,
    }
}

/// Returns the inode of a namespace of this process, or 0 if unknown.
pub(crate) fn namespace(kind: &str) -> u64 {
    rustix::fs::stat(format!("/proc/self/ns/{kind}")).map_or(0, |stat| stat.st_ino)
}

/// Returns the kernel's boot ID, or zeros without `/proc`.
pub(crate) fn boot_id() -> [u8; 16] {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)?.try_into().ok()).collect();
    core::array::from_fn(|i| match digits.get(2 * i..2 * i + 2) {
        Some(&[high, low]) => high * 16 + low,
        _ => 0,
    })
}

/// Returns the fields from field 3 on. They follow the name in parentheses, which may contain anything.
fn fields_of_stat(stat: &str) -> impl Iterator<Item = &str> {
    stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_ascii_whitespace()
}

/// Reads what `/proc/PID/stat` has, from the process's main thread: qemu invents the former for its own process.
fn read_stat(pid: impl fmt::Display) -> io::Result<String> {
    fs::read_to_string(format!("/proc/{pid}/task/{pid}/stat"))
}

/// Returns field 22 of `/proc/PID/stat`.
fn parse_start_time(stat: &str) -> Option<u64> {
    fields_of_stat(stat).nth(22 - 3)?.parse().ok()
}

/// Returns field 20 of `/proc/PID/stat`: how many threads there are. The main thread can be a zombie beside others.
fn parse_thread_count(stat: &str) -> Option<u64> {
    fields_of_stat(stat).nth(20 - 3)?.parse().ok()
}

/// Returns whether `/proc/self/status` is of a `/proc` that was mounted in the PID namespace of this process: it lists the
/// IDs in each namespace from there on.
fn is_of_one_namespace(status: &str) -> bool {
    let ids = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    ids.is_some_and(|ids| ids.split_ascii_whitespace().count() == 1)
}

/// Returns whether the process is a zombie: killed, and not yet waited for.
fn is_zombie(stat: &str) -> bool {
    fields_of_stat(stat).next().is_some_and(|state| matches!(state, "Z" | "X"))
}

/// Returns a random number, for `what`.
pub(crate) fn random(what: &'static str) -> Result<u64, Error> {
    let mut bytes = [0; 8];
    getrandom(&mut bytes, GetRandomFlags::empty())
        .map_err(system_error("get a random number for", what))?;
    Ok(u64::from_ne_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_runs_and_an_earlier_one_with_its_pid_does_not() {
        let record = own_record(0, 0);
        let identity = WriterIdentity { record, boot_id: boot_id() };
        assert_ne!(record.start_time, 0);
        assert_eq!(identity.is_running(), Some(true));
        let earlier = WriterRecord { start_time: record.start_time - 1, ..record };
        assert_eq!(WriterIdentity { record: earlier, ..identity }.is_running(), Some(false));
        let other_namespace = WriterRecord { pid_namespace: record.pid_namespace + 1, ..record };
        assert_eq!(WriterIdentity { record: other_namespace, ..identity }.is_running(), None);
        let unknown = WriterRecord { start_time: 0, ..record };
        assert_eq!(WriterIdentity { record: unknown, ..identity }.is_running(), None);
    }

    #[test]
    fn only_a_process_that_has_provably_ended_is_gone() {
        let record = own_record(0, 0);
        let is_gone = |record| WriterIdentity { record, boot_id: boot_id() }.is_gone();
        assert!(!is_gone(record));
        assert!(is_gone(WriterRecord { start_time: record.start_time - 1, ..record }));
        // No process has an ID beyond the kernel's limit.
        let ended = WriterRecord { pid: 1 << 30, ..record };
        assert!(is_gone(ended) && is_gone(WriterRecord { start_time: 0, ..ended }));
        for unknown in [
            WriterRecord { pid_namespace: record.pid_namespace + 1, ..ended },
            WriterRecord { pid_namespace: 0, ..ended },
            WriterRecord { pid: 0, ..record },
            WriterRecord { pid: u32::MAX, ..record },
            WriterRecord { start_time: 0, ..record },
            WriterRecord { start_time: record.start_time - 1, time_namespace: 1, ..record },
        ] {
            assert!(!is_gone(unknown), "{unknown:?}");
        }
    }

    #[test]
    fn processes_in_a_proc_of_another_namespace_are_not_compared() {
        assert!(is_of_one_namespace("Name:\ta\nNSpid:\t12\n"));
        assert!(!is_of_one_namespace("NSpid:\t12\t1\n"), "mounted in a namespace above");
        assert!(!is_of_one_namespace("NSpid:\t\n") && !is_of_one_namespace(""));
    }

    #[test]
    fn a_boot_id_is_formatted_as_by_the_kernel() {
        let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        assert_eq!(boot_id_text(&boot_id()), text.trim());
    }

    #[test]
    fn a_process_name_may_contain_any_characters() {
        let stat = "7 (a) b ( 1 2) Z 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0";
        assert_eq!(parse_start_time(stat), Some(4711));
        assert!(is_zombie(stat));
        assert_eq!(parse_thread_count(stat), Some(1));
    }
}
