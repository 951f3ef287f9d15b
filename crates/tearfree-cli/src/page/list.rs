// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree page ls`: the named pages.

use anstyle::Style;
use serde::Serialize;
use tearfree_page::{ByteReader, directories, list};

use super::args::LsArgs;
use super::report::PageReport;
use crate::locale::in_locale;
use crate::outcome::{Outcome, Problem};
use crate::table;
use crate::terminal::{self, BAD, FAINT, styled};

/// A page, or why it cannot be read.
#[derive(Serialize)]
struct PageEntry {
    name: String,
    #[serde(flatten)]
    report: Option<PageReport>,
    error: Option<String>,
}

/// All named pages. The names of the fields are those of the JSON object.
#[derive(Serialize)]
struct PageList {
    directories: Vec<String>,
    pages: Vec<PageEntry>,
}

pub(super) fn run(args: &LsArgs) -> Result<Outcome, Problem> {
    let pages = PageList {
        directories: directories().iter().map(|path| path.display().to_string()).collect(),
        pages: list()?.into_iter().map(|(name, path)| entry(name, &path, args)).collect(),
    };
    match args.json {
        true => terminal::print_json(&pages)?,
        false => terminal::print(&in_locale(&text(&pages)))?,
    };
    Ok(Outcome::Success)
}

fn entry(name: String, path: &std::path::Path, args: &LsArgs) -> PageEntry {
    let opened = ByteReader::open_owned_by(path, args.owner.get());
    let read = opened.and_then(|reader| {
        let reading = reader.read()?;
        Ok(PageReport::new(path, &reader, reading))
    });
    match read {
        Ok(report) => PageEntry { name, report: Some(report), error: None },
        Err(error) => PageEntry { name, report: None, error: Some(error.to_string()) },
    }
}

fn text(pages: &PageList) -> String {
    if pages.pages.is_empty() {
        let note = format!("no pages in {}", pages.directories.join(" and "));
        return styled(FAINT, &note) + "\n";
    }
    let mut table =
        table::new(&["name", "generation", "age", "freshness", "writer", "fields"], &[1, 2]);
    let mut styles = Vec::new();
    for PageEntry { name, report, error } in &pages.pages {
        let row = match (report, error) {
            (Some(report), _) => report.row(),
            (None, error) => {
                ["-".into(), "-".into(), "-".into(), "-".into(), error.clone().unwrap_or_default()]
            }
        };
        styles.push(if error.is_some() { BAD } else { Style::new() });
        table.add_row([name.clone()].into_iter().chain(row));
    }
    table::styled_lines(table, styles).join("\n") + "\n"
}
