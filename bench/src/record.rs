// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writes records: `<target>/<date>-<cores>-cores.json` and `.txt`, and `-samples.jsonl.gz`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::machine::Machine;
use crate::results::Results;
use crate::samples;
use crate::table::{self, Statistic};

/// The default directory of records.
pub(crate) const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/record");

/// Fails if there is a record of this machine and day, before anything is measured.
pub(crate) fn refuse_to_replace(machine: &Machine, directory: &Path) -> io::Result<()> {
    let file = path(machine, directory, ".json");
    match file.exists() {
        true => Err(io::Error::other(format!("{} exists: move it away first", file.display()))),
        false => fs::create_dir_all(directory.join(&machine.target)),
    }
}

fn path(machine: &Machine, directory: &Path, ending: &str) -> PathBuf {
    let name = format!("{}-{}-cores{ending}", machine.date, machine.cores);
    directory.join(&machine.target).join(name)
}

/// Writes the files below `directory` and prints their paths.
pub(crate) fn write(results: &Results, directory: &Path) -> io::Result<()> {
    let [json, text, raw] =
        [".json", ".txt", "-samples.jsonl.gz"].map(|end| path(&results.machine, directory, end));
    fs::write(&json, serde_json::to_string(results)? + "\n")?;
    fs::write(&text, table::render(results, Statistic::Best))?;
    samples::write(&results.samples, &raw)?;
    eprintln!("wrote {}, {} and {}", json.display(), text.display(), raw.display());
    Ok(())
}
