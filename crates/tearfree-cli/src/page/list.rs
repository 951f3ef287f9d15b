// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree page ls`.

use anstyle::Style;
use serde::Serialize;
use tearfree_page::{ByteReader, directories, list};

use super::args::LsArgs;
use super::report::Report;
use crate::outcome::{Outcome, Problem};
use crate::terminal::{self, BAD, FAINT, styled};

/// A page, or why it cannot be read.
#[derive(Serialize)]
struct Entry {
    name: String,
    #[serde(flatten)]
    report: Option<Report>,
    error: Option<String>,
}

#[derive(Serialize)]
struct Pages {
    directories: Vec<String>,
    pages: Vec<Entry>,
}

pub(super) fn run(args: &LsArgs) -> Result<Outcome, Problem> {
    let pages = Pages {
        directories: directories().iter().map(|path| path.display().to_string()).collect(),
        pages: list()?.into_iter().map(|(name, path)| entry(name, &path, args)).collect(),
    };
    terminal::print(&if args.json { terminal::json_line(&pages)? } else { text(&pages) })?;
    Ok(Outcome::Fine)
}

fn entry(name: String, path: &std::path::Path, args: &LsArgs) -> Entry {
    let opened = ByteReader::open_owned_by(path, args.owner.get());
    let read = opened.and_then(|reader| {
        let reading = reader.read()?;
        Ok(Report::new(path, &reader, &reading))
    });
    match read {
        Ok(report) => Entry { name, report: Some(report), error: None },
        Err(error) => Entry { name, report: None, error: Some(error.to_string()) },
    }
}

fn text(pages: &Pages) -> String {
    if pages.pages.is_empty() {
        let none = format!("no pages in {}", pages.directories.join(" and "));
        return styled(FAINT, &none) + "\n";
    }
    let mut table = terminal::table(&["name", "generation", "freshness", "writer", "fields"], &[1]);
    let mut styles = Vec::new();
    for Entry { name, report, error } in &pages.pages {
        let row = match (report, error) {
            (Some(report), _) => report.row(),
            (None, error) => {
                ["-".into(), "-".into(), "-".into(), error.clone().unwrap_or_default()]
            }
        };
        styles.push(if error.is_some() { BAD } else { Style::new() });
        table.add_row([name.clone()].into_iter().chain(row));
    }
    terminal::styled_lines(&table, styles).join("\n") + "\n"
}
