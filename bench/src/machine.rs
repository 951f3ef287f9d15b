// SPDX-License-Identifier: MIT OR Apache-2.0
//! The machine, system and compiler of a run.

use core::fmt;
use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// The machine, system and compiler of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) date: String,
    pub(crate) target: String,
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) governor: Option<String>,
    pub(crate) hypervisor: bool,
    pub(crate) kernel: String,
    /// The C library, whose memcpy copies large values.
    pub(crate) libc: String,
    pub(crate) rustc: String,
    /// The compilers of the peers in C and C++, and of the C reader. Empty in older records, and where there is no such peer.
    #[serde(default)]
    pub(crate) cpp: String,
    #[serde(default)]
    pub(crate) c: String,
    /// Names and exact versions.
    #[serde(default)]
    pub(crate) peers: String,
    /// Peers that were not compared, because what they are compiled with was not there.
    #[serde(default)]
    pub(crate) absent: String,
    /// Threads of a core, cores of a cache, and sizes of caches.
    #[serde(default)]
    pub(crate) topology: String,
    pub(crate) commit: String,
    /// The load average of the minute before the run.
    pub(crate) load: Option<String>,
}

impl Machine {
    /// Detects them for this run.
    pub(crate) fn detect() -> Self {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Self {
            date: time::OffsetDateTime::now_utc().date().to_string(),
            target: env!("TEARFREE_BENCH_TARGET").into(),
            cpu: cpu_name(&cpuinfo).unwrap_or_else(|| "unknown".into()),
            cores: cores(),
            governor: line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            hypervisor: cpuinfo.contains(" hypervisor"),
            kernel: line("/proc/sys/kernel/osrelease").unwrap_or_else(|| "unknown".into()),
            libc: command_output("getconf", &["GNU_LIBC_VERSION"]),
            rustc: env!("TEARFREE_BENCH_RUSTC").into(),
            cpp: env!("TEARFREE_BENCH_CPP").into(),
            c: env!("TEARFREE_BENCH_C").into(),
            peers: env!("TEARFREE_BENCH_PEERS").into(),
            absent: env!("TEARFREE_BENCH_ABSENT").into(),
            topology: topology(),
            commit: command_output("git", &["describe", "--always", "--dirty", "--tags"]),
            load: line("/proc/loadavg")
                .and_then(|line| line.split_whitespace().next().map(str::to_owned)),
        }
    }
}

impl Machine {
    /// Returns whether other programs ran in the minute before.
    pub(crate) fn is_loaded(&self) -> bool {
        let load = self.load.as_deref().and_then(|load| load.parse::<f64>().ok());
        load.is_some_and(|load| load > 0.5)
    }
}

/// Returns how many threads can run at the same time.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn cpu_name(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Describes the first processor: which ones share its core, and its caches with those that share them.
fn topology() -> String {
    const CPU: &str = "/sys/devices/system/cpu/cpu0";
    let siblings = line(&format!("{CPU}/topology/thread_siblings_list"));
    let mut parts = vec![format!("core of cpu {}", siblings.as_deref().unwrap_or("unknown"))];
    for index in 0..8 {
        let read = |file: &str| line(&format!("{CPU}/cache/index{index}/{file}"));
        let [Some(level), Some(kind), Some(size), Some(shared)] =
            ["level", "type", "size", "shared_cpu_list"].map(read)
        else {
            break;
        };
        if kind != "Instruction" {
            parts.push(format!("L{level} {size} of cpu {shared}"));
        }
    }
    parts.join(", ")
}

fn line(path: &str) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

fn command_output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().ok();
    let output = output.filter(|output| output.status.success());
    output
        .map_or_else(|| "unknown".into(), |o| String::from_utf8_lossy(&o.stdout).trim().to_owned())
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = if self.hypervisor { "virtual machine" } else { "bare metal" };
        writeln!(f, "date      {}", self.date)?;
        writeln!(f, "commit    {}", self.commit)?;
        writeln!(f, "target    {}", self.target)?;
        writeln!(f, "cpu       {} ({} cores, {machine})", self.cpu, self.cores)?;
        writeln!(f, "governor  {}", self.governor.as_deref().unwrap_or("unknown"))?;
        writeln!(f, "kernel    {}", self.kernel)?;
        writeln!(f, "libc      {}", self.libc)?;
        writeln!(f, "rustc     {}", self.rustc)?;
        for (name, text) in [
            ("c++", &self.cpp),
            ("c", &self.c),
            ("peers", &self.peers),
            ("absent", &self.absent),
            ("topology", &self.topology),
        ] {
            if !text.is_empty() {
                writeln!(f, "{name:<10}{text}")?;
            }
        }
        writeln!(f, "load      {}", self.load.as_deref().unwrap_or("unknown"))
    }
}
