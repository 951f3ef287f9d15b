// SPDX-License-Identifier: MIT OR Apache-2.0
//! Keeps results where the README may quote them: `record/<target>/<date>.json` and `.txt`.

use std::fs;
use std::io;
use std::path::Path;

use crate::results::Results;
use crate::table::{self, Shown};

/// Writes both files and says where.
pub(crate) fn write(results: &Results) -> io::Result<()> {
    let machine = &results.machine;
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("record").join(&machine.target);
    fs::create_dir_all(&directory)?;
    let json = directory.join(format!("{}.json", machine.date));
    let text = directory.join(format!("{}.txt", machine.date));
    fs::write(&json, serde_json::to_string(results)? + "\n")?;
    fs::write(&text, table::render(results, Shown::Best))?;
    eprintln!("wrote {} and {}", json.display(), text.display());
    Ok(())
}
