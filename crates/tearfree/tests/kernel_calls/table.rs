// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table in `KERNEL.md`, the tests of this file's siblings and the aliases in the documentation
//! name the same calls.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// One row of the table of calls.
struct Row {
    linux: String,
    rust: String,
    c: String,
    test: String,
}

fn crate_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The table that begins with the header `| Linux call |`.
fn rows() -> Vec<Row> {
    let text = fs::read_to_string(crate_root().join("KERNEL.md")).unwrap();
    let after_header = text.lines().skip_while(|line| !line.starts_with("| Linux call |"));
    let body = after_header.skip(2).take_while(|line| line.starts_with('|'));
    body.map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let &[linux, rust, c, test] = &cells[..] else { panic!("not four cells: {line}") };
        let plain = |cell: &str| cell.trim_matches('`').to_owned();
        Row { linux: plain(linux), rust: rust.to_owned(), c: c.to_owned(), test: plain(test) }
    })
    .collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// `module::name` of each test in `tests/kernel_calls/`, but for those of this file.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in rust_files(&crate_root().join("tests/kernel_calls")) {
        let module = file.file_stem().unwrap().to_str().unwrap();
        if module == "table" {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let after_attribute = text.split("#[test]\n").skip(1);
        names.extend(after_attribute.map(|rest| {
            let (_, from_name) = rest.split_once("fn ").unwrap();
            format!("{module}::{}", from_name.split_once('(').unwrap().0)
        }));
    }
    names
}

/// Each name in a `#[doc(alias(..))]` of `src/`.
fn aliases() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in rust_files(&crate_root().join("src")) {
        let text = fs::read_to_string(file).unwrap();
        for attribute in text.split("#[doc(alias(").skip(1) {
            let (list, _) = attribute.split_once("))]").unwrap();
            names.extend(list.split('"').skip(1).step_by(2).map(str::to_owned));
        }
    }
    names
}

#[test]
fn every_call_in_the_table_has_a_test_of_its_name_and_every_test_a_row() {
    let rows = rows();
    assert!(rows.len() > 60, "the table was not found: {} rows", rows.len());
    let in_table: BTreeSet<_> = rows.iter().map(|row| row.test.clone()).collect();
    let tests = tests();
    let without_test: Vec<_> = in_table.difference(&tests).collect();
    let without_row: Vec<_> = tests.difference(&in_table).collect();
    assert!(
        without_test.is_empty(),
        "rows without a test, add one to tests/kernel_calls: {without_test:?}"
    );
    assert!(without_row.is_empty(), "tests without a row, add one to KERNEL.md: {without_row:?}");
    for row in rows {
        let test = row.test.split("::").last();
        assert_eq!(test, Some(&*row.linux), "a test has the name of its call");
    }
}

#[test]
fn every_call_in_the_table_is_there_once_with_its_counterparts() {
    let mut seen = BTreeSet::new();
    for Row { linux, rust, c, .. } in rows() {
        assert!(rust.starts_with('`'), "{linux} has no Rust call");
        assert!(c.contains(&linux), "{linux} has another name in C");
        assert!(seen.insert(linux.clone()), "{linux} is in the table twice");
    }
}

#[test]
fn every_call_in_the_table_is_found_by_its_name_in_the_documentation() {
    let aliases = aliases();
    let missing: Vec<_> =
        rows().into_iter().map(|row| row.linux).filter(|call| !aliases.contains(call)).collect();
    assert!(missing.is_empty(), "no #[doc(alias)] in src/ for: {missing:?}");
}
