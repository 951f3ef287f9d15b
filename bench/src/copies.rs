// SPDX-License-Identifier: MIT OR Apache-2.0
//! `--count-copies`: how often each adapter copies a value, so that no peer is slower by our fault.
//!
//! The program runs itself under valgrind's tool lackey, which prints each store with its size. Between two marks on the
//! standard error there are the stores of a few operations. Bytes do not depend on the machine's load, nor on the width of its
//! registers.

use core::error::Error;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write as _, stderr};
use std::process::{Command, Stdio};

use crate::alone::Job;
use crate::contestant::{Contestant, Copies, EveryContestant};
use crate::jobs::{Set, SetRead};
use crate::payload::{Payload, Words};
use crate::peers::{Page, every_contestant_and_our_others};

/// Large enough that what an operation stores besides does not matter.
type Value = Words<u64, WORDS, u128>;
const WORDS: usize = 512;

const TIMES: u64 = 16;
const MARK: &str = "operation: ";
const END: &str = "end";

/// What a contestant copies: what it says, and what was counted.
struct Count {
    name: &'static str,
    stated: Copies,
    set: f64,
    read_into: f64,
}

/// Prints what each contestant copies.
///
/// # Errors
/// If an adapter copies more or less than it says, or valgrind is missing or fails.
pub(crate) fn check() -> Result<(), Box<dyn Error>> {
    let stored = stored_bytes()?;
    let mut counts = Counts { stored: &stored, list: Vec::new() };
    every(&mut counts);
    println!("copies of a value of 4 KiB       set  stated   read_into  stated");
    let mut wrong = Vec::new();
    for Count { name, stated, set, read_into } in &counts.list {
        let read_stated = stated.read_into_text();
        println!("{name:<28}{set:>8.2}{:>8}{read_into:>12.2}{read_stated:>8}", stated.set);
        if !stated.is_set(*set) || !stated.is_read_into(*read_into) {
            wrong.push(*name);
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let wrong = wrong.join(", ");
    Err(format!(
        "not the copies that are stated: {wrong}; mend the adapter in src/peers, or its COPIES"
    )
    .into())
}

/// Does the operations of all contestants between marks; for the process under valgrind.
pub(crate) fn run_operations() {
    every(&mut Operations);
}

fn every(work: &mut (impl EveryContestant<Value> + EveryContestant<[u64; WORDS]>)) {
    every_contestant_and_our_others::<Value>(work);
    EveryContestant::<[u64; WORDS]>::contestant::<Page<WORDS>>(work);
}

struct Operations;

impl<T: Payload> EveryContestant<T> for Operations {
    fn contestant<C: Contestant<T> + Send + Sync + 'static>(&mut self) {
        for (operation, mut job) in [("set", Set::<T, C>::job()), ("both", SetRead::<T, C>::job())]
        {
            run_between_marks(operation, &mut *job);
        }
    }
}

fn run_between_marks(operation: &str, job: &mut dyn Job) {
    job.time(1); // what is done only once
    mark(&format!("{} {operation}", job.name()));
    job.time(TIMES);
    mark(END);
}

/// Prints a mark by one system call, which no line of the trace can interrupt.
fn mark(text: &str) {
    stderr().write_all(format!("{MARK}{text}\n").as_bytes()).expect("the standard error is open");
}

/// Returns the bytes that one operation stores, by contestant and operation.
fn stored_bytes() -> Result<BTreeMap<String, f64>, Box<dyn Error>> {
    let mut valgrind = Command::new("valgrind")
        .args(["--tool=lackey", "--trace-mem=yes", "--basic-counts=no"])
        .arg(std::env::current_exe()?)
        .arg("--run-operations")
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("valgrind: {error} (Debian: apt install valgrind)"))?;
    let trace = BufReader::new(valgrind.stderr.take().ok_or("no standard error")?);
    let mut stored = BTreeMap::new();
    let mut operation = None;
    for line in trace.lines() {
        let line = line?;
        if let Some((_, mark)) = line.split_once(MARK) {
            operation = (mark != END).then(|| mark.to_owned());
        } else if let Some(operation) = &operation {
            *stored.entry(operation.clone()).or_default() +=
                size_of_store(&line) as f64 / TIMES as f64;
        }
    }
    let status = valgrind.wait()?;
    if status.success() { Ok(stored) } else { Err(format!("valgrind ended with {status}").into()) }
}

/// Returns the size in a line such as ` S 1ffefff7d8,8`; a modification, ` M`, stores too.
fn size_of_store(line: &str) -> u64 {
    let is_store = line.starts_with(" S ") || line.starts_with(" M ");
    let size = line.rsplit_once(',').filter(|_| is_store).map(|(_, size)| size.trim());
    size.and_then(|size| size.parse().ok()).unwrap_or(0)
}

struct Counts<'a> {
    stored: &'a BTreeMap<String, f64>,
    list: Vec<Count>,
}

impl<T: Payload> EveryContestant<T> for Counts<'_> {
    fn contestant<C: Contestant<T> + Send + Sync + 'static>(&mut self) {
        let copies = |operation: &str| {
            let bytes = self.stored.get(&format!("{} {operation}", C::NAME));
            bytes.copied().unwrap_or(f64::NAN) / size_of::<T>() as f64
        };
        let (set, both) = (copies("set"), copies("both"));
        self.list.push(Count { name: C::NAME, stated: C::COPIES, set, read_into: both - set });
    }
}

#[cfg(test)]
mod tests {
    use super::size_of_store;

    #[test]
    fn stores_and_modifications_have_a_size() {
        assert_eq!(size_of_store(" S 1ffefff7d8,8"), 8);
        assert_eq!(size_of_store(" M 1ffefff7d8,32"), 32);
        for other in [" L 1ffefff7d8,8", "I  04001f90,3", "==7== Lackey, an example", ""] {
            assert_eq!(size_of_store(other), 0, "{other}");
        }
    }
}
