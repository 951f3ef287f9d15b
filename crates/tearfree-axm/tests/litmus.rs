// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every C file in `litmus/` has the verdict that it expects.

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
        assert_eq!(verdict, test.expected, "{name}: found on the left, expected on the right");
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
    assert_eq!((test.expected, test.verdict()), (Verdict::Never, Verdict::Sometimes));
}

#[test]
fn a_text_that_is_not_a_test_is_refused_with_its_line() {
    let good = "C a\n(* expect: Never *)\n{ }\nP0 (atomic_int* x) {\n  int r0 = atomic_load_explicit(x, memory_order_relaxed);\n}\nexists (0:r0=1)\n";
    assert_eq!(Litmus::parse(good).unwrap().verdict(), Verdict::Never);
    for (from, to, line, what) in [
        ("C a", "AArch64 a", 1, "a C test begins"),
        ("expect: Never", "", 1, "no comment says"),
        ("Never", "Seldom", 2, "takes Never"),
        (
            "memory_order_relaxed",
            "memory_order_consume",
            5,
            "expected a memory order that this call can have, found `memory_order_consume`",
        ),
        ("int r0 = ", "while ", 5, "expected `=`"),
        ("exists", "never", 7, "expected `exists`"),
        ("r0=1)", "r0=one)", 7, "expected a number, found `one`"),
        ("(0:r0=1)", "(0:r0=1", 7, "expected `)`"),
    ] {
        let error = Litmus::parse(&good.replacen(from, to, 1)).expect_err(to);
        assert!(error.message.contains(what) && error.line == line, "{to}: {error}");
    }
}

/// In herd7 an unknown name is zero, which may prove the condition.
#[test]
fn an_unknown_or_ambiguous_name_is_refused() {
    let good = "C a
(* expect: Sometimes *)
{ x = 0; }
P0 (atomic_int* x, int* y) {
  int r0 = atomic_load_explicit(x, memory_order_relaxed);
  *y = r0 + 1;
}
P1 (atomic_int* x) {
  atomic_store_explicit(x, 1, memory_order_relaxed);
}
exists (0:r0=1 /\\ x=1)
";
    assert_eq!(Litmus::parse(good).unwrap().verdict(), Verdict::Sometimes);
    for (from, to, line, what) in [
        ("0:r0=1", "0:r9=1", 11, "P0 has no register `r9`"),
        ("0:r0=1", "2:r0=1", 11, "there is no thread P2"),
        ("0:r0=1", "1:r0=1", 11, "P1 has no register `r0`"),
        ("x=1)", "z=1)", 11, "no thread has a parameter `z`"),
        ("x = 0", "xx = 0", 3, "no thread has a parameter `xx`"),
        ("r0 + 1", "r1 + 1", 6, "`r1` is not a register that P0 has assigned"),
        ("explicit(x, 1", "explicit(y, 1", 9, "`y` is not a parameter of P1"),
        ("explicit(x, memory", "explicit(y, memory", 5, "`y` is not atomic: use `*y`"),
        ("*y = r0", "*x = r0", 6, "`x` is atomic: use atomic calls"),
        ("P1 (", "P0 (", 8, "there are two threads `P0`"),
        ("x = 0;", "x = 0; x = 1;", 3, "`x` has two start values"),
        ("int* y", "int* x", 4, "P0 has two parameters `x`"),
        ("int r0", "int x", 5, "`x` is also a parameter of P0"),
        ("{ x", "(* expect: Never *) { x", 2, "there are two comments that say `expect:`"),
        ("P1 (", "Px (", 8, "expected a thread like `P0`"),
        ("x, memory_order_relaxed", "x, memory_order_release", 5, "that this call can have"),
        ("1, memory_order_relaxed", "1, memory_order_acquire", 9, "that this call can have"),
    ] {
        let error = Litmus::parse(&good.replacen(from, to, 1)).expect_err(to);
        assert!(error.message.contains(what) && error.line == line, "{to}: {error}");
    }
}

#[test]
fn threads_have_the_numbers_in_their_names() {
    let text = "C a
(* expect: Sometimes *)
{ }
P1 (atomic_int* x) { int r0 = atomic_load_explicit(x, memory_order_relaxed); }
P0 (atomic_int* x) { atomic_store_explicit(x, 1, memory_order_relaxed); }
exists (1:r0=1)
";
    assert_eq!(Litmus::parse(text).unwrap().verdict(), Verdict::Sometimes);
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
