// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who writes a page, and who we are.

use core::fmt;
use core::time::Duration;
use std::fs;

use crate::layout::WriterRecord;
use crate::status::unix_time_ns;

/// Who the writer of a page is, or was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub(crate) record: WriterRecord,
    pub(crate) boot_id: [u8; 16],
}

impl Identity {
    /// Its process, as its own PID namespace numbers it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.record.pid
    }

    /// Its effective user.
    #[must_use]
    pub fn uid(&self) -> u32 {
        self.record.uid
    }

    /// The inode of its PID namespace; 0 if it did not know.
    #[must_use]
    pub fn pid_namespace(&self) -> u64 {
        self.record.pid_namespace
    }

    /// When its process began, in clock ticks after the boot; 0 if it did not know.
    #[must_use]
    pub fn start_time(&self) -> u64 {
        self.record.start_time
    }

    /// The boot of the machine in which it ran; zero if it did not know.
    #[must_use]
    pub fn boot_id(&self) -> [u8; 16] {
        self.boot_id
    }

    /// How many writers the page had before this one.
    #[must_use]
    pub fn takeovers(&self) -> u64 {
        self.record.takeovers
    }

    /// Since when it is the writer: nanoseconds since 1970.
    #[must_use]
    pub fn since_ns(&self) -> u64 {
        self.record.since_ns
    }

    /// How long after a publication it promised the next one at the latest; zero: it did not.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        Duration::from_nanos(self.record.lifetime_ns)
    }

    /// Whether its process is still there. `None` if that cannot be known from here: it is in another
    /// PID namespace, or `/proc` is not there. A process that is there may have stopped to write.
    #[must_use]
    pub fn is_running(&self) -> Option<bool> {
        let here = namespace("pid");
        if here == 0 || here != self.record.pid_namespace || self.record.start_time == 0 {
            return None;
        }
        fs::metadata("/proc/self/stat").ok()?;
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.record.pid));
        Some(stat.is_ok_and(|stat| {
            start_time_in(&stat) == Some(self.record.start_time) && !is_dead(&stat)
        }))
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = &self.record;
        write!(f, "pid {} of PID namespace {}, ", record.pid, record.pid_namespace)?;
        write!(f, "user {}, boot {}", record.uid, boot_id_text(&self.boot_id))
    }
}

/// A boot id as the kernel writes it.
#[must_use]
pub fn boot_id_text(id: &[u8; 16]) -> String {
    let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// What this process writes about itself into a page.
pub(crate) fn own_record(takeovers: u64, lifetime_ns: u64) -> WriterRecord {
    let stat = fs::read_to_string("/proc/self/stat").ok();
    WriterRecord {
        takeovers,
        pid: std::process::id(),
        uid: rustix::process::geteuid().as_raw(),
        pid_namespace: namespace("pid"),
        start_time: stat.and_then(|stat| start_time_in(&stat)).unwrap_or(0),
        since_ns: unix_time_ns(),
        lifetime_ns,
        reserved: [0; 2],
    }
}

/// The inode of a namespace of this process, or 0.
pub(crate) fn namespace(kind: &str) -> u64 {
    rustix::fs::stat(format!("/proc/self/ns/{kind}")).map_or(0, |stat| stat.st_ino)
}

/// The kernel's boot id, or zeros where `/proc` is not there.
pub(crate) fn boot_id() -> [u8; 16] {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)?.try_into().ok()).collect();
    core::array::from_fn(|i| match digits.get(2 * i..2 * i + 2) {
        Some(&[high, low]) => high * 16 + low,
        _ => 0,
    })
}

/// The fields behind the name in parentheses, which may contain anything: field 3 comes first.
fn fields_in(stat: &str) -> impl Iterator<Item = &str> {
    stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_ascii_whitespace()
}

/// Field 22 of `/proc/PID/stat`.
fn start_time_in(stat: &str) -> Option<u64> {
    fields_in(stat).nth(22 - 3)?.parse().ok()
}

/// A process that was killed and not yet waited for still has an entry.
fn is_dead(stat: &str) -> bool {
    fields_in(stat).next().is_some_and(|state| matches!(state, "Z" | "X"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_runs_and_an_earlier_one_of_its_number_does_not() {
        let record = own_record(0, 0);
        let identity = Identity { record, boot_id: boot_id() };
        assert_ne!(record.start_time, 0);
        assert_eq!(identity.is_running(), Some(true));
        let earlier = WriterRecord { start_time: record.start_time - 1, ..record };
        assert_eq!(Identity { record: earlier, ..identity }.is_running(), Some(false));
        let elsewhere = WriterRecord { pid_namespace: record.pid_namespace + 1, ..record };
        assert_eq!(Identity { record: elsewhere, ..identity }.is_running(), None);
    }

    #[test]
    fn a_boot_id_is_written_as_the_kernel_writes_it() {
        let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        assert_eq!(boot_id_text(&boot_id()), text.trim());
    }

    #[test]
    fn a_process_may_have_any_name() {
        let stat = "7 (a) b ( 1 2) Z 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0";
        assert_eq!(start_time_in(stat), Some(4711));
        assert!(is_dead(stat));
    }
}
