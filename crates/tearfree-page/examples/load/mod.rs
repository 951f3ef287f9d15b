// SPDX-License-Identifier: MIT OR Apache-2.0
//! The payload of the two examples, and how it is measured.

use std::fs;
use std::io::{Error, ErrorKind};

tearfree_page::payload! {
    /// The machine's load and memory. Other programs need only its schema to read it:
    /// `one_minute:f64 five_minutes:f64 fifteen_minutes:f64 memory_total:u64 memory_free:u64`.
    #[derive(Debug)]
    pub(crate) struct Load {
        pub(crate) one_minute: f64,
        pub(crate) five_minutes: f64,
        pub(crate) fifteen_minutes: f64,
        /// In bytes.
        pub(crate) memory_total: u64,
        /// The memory that programs can still allocate, in bytes.
        pub(crate) memory_free: u64,
    }
}

/// Returns the page that the command line names, or `load`.
pub(crate) fn page() -> String {
    std::env::args().nth(1).unwrap_or_else(|| "load".to_owned())
}

#[expect(clippy::allow_attributes, reason = "only one of the two examples measures")]
#[allow(dead_code, reason = "only one of the two examples measures")]
impl Load {
    /// Reads `/proc/loadavg` and `/proc/meminfo`.
    pub(crate) fn now() -> Result<Self, Error> {
        let loads = fs::read_to_string("/proc/loadavg")?;
        let mut loads = loads.split(' ').map(str::parse);
        let mut load = || loads.next().and_then(Result::ok).ok_or(parse_error("/proc/loadavg"));
        let memory = fs::read_to_string("/proc/meminfo")?;
        Ok(Load {
            one_minute: load()?,
            five_minutes: load()?,
            fifteen_minutes: load()?,
            memory_total: parse_bytes("MemTotal:", &memory)?,
            memory_free: parse_bytes("MemAvailable:", &memory)?,
        })
    }
}

/// Parses a line of `/proc/meminfo`: `MemTotal:       16307512 kB`.
fn parse_bytes(name: &str, memory: &str) -> Result<u64, Error> {
    let line = memory.lines().find_map(|line| line.strip_prefix(name));
    let kibibytes = line.and_then(|line| line.split_ascii_whitespace().next()?.parse::<u64>().ok());
    kibibytes.map(|kibibytes| kibibytes * 1024).ok_or(parse_error("/proc/meminfo"))
}

fn parse_error(file: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("cannot parse {file}"))
}
