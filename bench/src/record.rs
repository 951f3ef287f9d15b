// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writes records: `<target>/<date>-<cores>-cores.json` and `.txt`.

use std::fs;
use std::io;
use std::path::Path;

use crate::results::Results;
use crate::table::{self, Statistic};

/// The default directory of records.
pub(crate) const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/record");

/// Writes both files below `directory` and prints their paths.
pub(crate) fn write(results: &Results, directory: &Path) -> io::Result<()> {
    let machine = &results.machine;
    let directory = directory.join(&machine.target);
    fs::create_dir_all(&directory)?;
    let name = format!("{}-{}-cores", machine.date, machine.cores);
    let json = directory.join(format!("{name}.json"));
    let text = directory.join(format!("{name}.txt"));
    fs::write(&json, serde_json::to_string(results)? + "\n")?;
    fs::write(&text, table::render(results, Statistic::Best))?;
    eprintln!("wrote {} and {}", json.display(), text.display());
    Ok(())
}
