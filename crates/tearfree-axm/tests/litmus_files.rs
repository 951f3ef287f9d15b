// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every C file in the repository's `litmus/` has the verdict that it expects. Not in the package of this crate,
//! which has no such files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tearfree_axm::litmus::{Litmus, Verdict};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../litmus").join(folder);
    let entries =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "litmus"));
    files.sort();
    files
}

/// Checks the C files of a folder, and returns the number of files with each verdict.
fn check(folder: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for file in files(folder) {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.file_stem().unwrap().to_str().unwrap();
        if !text.starts_with("C ") {
            continue;
        }
        let test = Litmus::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(test.name, name, "a file is called as the test in it");
        let verdict = test.verdict();
        assert_eq!(
            Some(verdict),
            test.expected,
            "{name}: found on the left, expected on the right"
        );
        *counts.entry(verdict.to_string()).or_default() += 1;
    }
    println!("{folder}: {counts:?}");
    counts
}

#[test]
fn the_classic_shapes_have_their_known_verdicts() {
    let counts = check("shapes");
    assert!(
        counts["Never"] >= 20 && counts["Sometimes"] >= 15 && counts["Race"] >= 1,
        "{counts:?}"
    );
}

#[test]
fn a_wrong_expectation_is_found() {
    let text = fs::read_to_string(&files("shapes")[0]).unwrap();
    let test = Litmus::parse(&text.replace("expect: Sometimes", "expect: Never")).unwrap();
    assert_eq!((test.expected, test.verdict()), (Some(Verdict::Never), Verdict::Sometimes));
}

#[test]
fn the_files_of_this_project_have_the_verdicts_that_they_expect() {
    let counts = check("c");
    assert!(
        counts["Never"] >= 10 && counts["Sometimes"] >= 20 && counts["Race"] >= 1,
        "{counts:?}"
    );
}

fn text(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns for each name its verdict in C and on three machines, or a dash, from the files.
fn rows_of_files() -> BTreeMap<String, [String; 4]> {
    let mut rows: BTreeMap<String, [String; 4]> = BTreeMap::new();
    for (column, folder) in ["c", "aarch64", "riscv", "power"].into_iter().enumerate() {
        for file in files(folder) {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&file).unwrap();
            let (_, rest) =
                text.split_once("(* expect: ").unwrap_or_else(|| panic!("{name}: no verdict"));
            let row = rows.entry(name).or_insert_with(|| [(); 4].map(|()| "-".to_owned()));
            row[column] = rest.split_whitespace().next().unwrap().to_owned();
        }
    }
    rows
}

#[test]
fn the_table_in_the_readme_has_the_verdicts_of_the_files() {
    let readme = text("litmus/README.md");
    let mut table = BTreeMap::new();
    for line in readme.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, _, verdicts @ ..] = &cells[..] else { panic!("{line}") };
        let verdicts: [String; 4] = core::array::from_fn(|column| verdicts[column].to_owned());
        table.insert(name.trim_matches('`').to_owned(), verdicts);
    }
    assert_eq!(table, rows_of_files(), "README on the left, files on the right");
}

#[test]
fn each_obligation_has_a_file_and_a_mistake_or_a_reason() {
    let (design, readme) = (text("DESIGN.md"), text("litmus/README.md"));
    let rows = rows_of_files();
    let obligations: Vec<&str> = design
        .lines()
        .filter_map(|line| line.strip_prefix("- **")?.split_once("** ").map(|(name, _)| name))
        .filter(|name| name.starts_with('P'))
        .collect();
    assert!(obligations.len() >= 12, "{obligations:?}");
    for obligation in obligations {
        let stem = |name: &String| name.split('-').next() == Some(obligation);
        let has_file = rows.keys().any(|name| stem(name) && !name.contains("mistake"));
        let has_mistake = rows.keys().any(|name| stem(name) && name.contains("mistake"));
        let has_reason = readme.contains(&format!("| {obligation} | "));
        assert!(has_file && has_mistake || has_reason, "{obligation} has no litmus file");
    }
}
