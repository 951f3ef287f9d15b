// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every memory ordering in this crate and in `tearfree-page` is argued, and every `unsafe` is.
//!
//! No lint looks at orderings, so this test does. A line of code that names one (`Acquire`,
//! `order::begin()`, `fence(..)`, `PLAIN`) needs an `// ORDERING:` note above it in the same
//! paragraph. The note cites an obligation that DESIGN.md has (`**P3**`) and names in backticks a
//! function that the crate has, so that an empty note does not pass. An `unsafe` block or impl needs
//! a `// SAFETY:` note directly above. Test modules and `use` lines are exempt.
#![cfg(not(miri))] // reads files

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use source::{Line, cited, is_test_file, is_word, lines_of, words};

#[path = "orderings/source.rs"]
mod source;

const ORDERS: [&str; 6] = ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst", "PLAIN"];
const TAGS: [&str; 3] = ["ORDERING:", "SAFETY:", "INVARIANT:"];

/// What notes may refer to.
#[derive(Default)]
struct Known {
    obligations: BTreeSet<String>,
    functions: BTreeSet<String>,
    /// The rows of the table in `order.rs`, from which a macro makes functions.
    rows: BTreeSet<String>,
}

#[derive(Default)]
struct Report {
    orderings: usize,
    unsafes: usize,
    faults: Vec<String>,
}

/// Where in a file a line stands, as far as it exempts the line.
#[derive(Default)]
struct Reading {
    in_use: bool,
    /// In the macro that makes functions from the table; each row has its own note.
    in_table_macro: bool,
}

impl Reading {
    fn enter(&mut self, code: &str) {
        self.in_table_macro |= code.starts_with("macro_rules! orderings");
        self.in_use |= words(code).any(|(before, word, _)| {
            word == "use" && (before.trim().is_empty() || before.trim().starts_with("pub"))
        });
    }

    fn leave(&mut self, code: &str) {
        self.in_table_macro &= !code.starts_with('}');
        self.in_use &= !code.contains(';');
    }

    fn is_exempt(&self) -> bool {
        self.in_use || self.in_table_macro
    }
}

/// The ordering that a line of code names, if any.
fn ordering_in(code: &str) -> Option<&str> {
    words(code).find_map(|(before, word, after)| {
        let is_call = after.starts_with('(') && !before.trim_end().ends_with("fn");
        let path = before.strip_suffix("order::");
        let by_name = path.is_some_and(|path| !path.ends_with(is_word))
            && word.starts_with(|c: char| c.is_ascii_lowercase());
        (ORDERS.contains(&word) || word == "fence" && is_call || by_name).then_some(word)
    })
}

/// A row of the table in `order.rs`: `begin = Acquire;`.
fn table_row(code: &str) -> Option<&str> {
    let (name, order) = code.trim().strip_suffix(';')?.split_once(" = ")?;
    (ORDERS.contains(&order) && name.chars().all(is_word)).then_some(name)
}

fn is_unsafe(code: &str) -> bool {
    words(code).any(|(_, word, after)| {
        let after = after.trim_start();
        word == "unsafe"
            && (after.is_empty() || after.starts_with('{') || after.starts_with("impl"))
    })
}

/// The whole note that begins at line `at`.
fn note_from(lines: &[Line], at: usize) -> String {
    let more = lines[at + 1..].iter().take_while(|line| {
        let is_tagged = TAGS.iter().any(|tag| line.note.starts_with(tag));
        line.code.trim().is_empty() && !line.note.is_empty() && !is_tagged
    });
    more.fold(lines[at].note.clone(), |text, line| text + " " + &line.note)
}

/// The ORDERING note in the paragraph above line `at`. A table row needs one of its own.
fn ordering_note(lines: &[Line], at: usize) -> Option<String> {
    if lines[at].note.starts_with("ORDERING:") {
        return Some(lines[at].note.clone());
    }
    let is_row = table_row(&lines[at].code).is_some();
    let may_be_between = |line: &Line| !line.is_blank && (!is_row || line.code.trim().is_empty());
    let reachable = (0..at).rev().take_while(|&i| may_be_between(&lines[i]));
    let mut found = reachable.filter(|&i| lines[i].is_note("ORDERING:"));
    found.next().map(|i| note_from(lines, i))
}

/// Whether a SAFETY note stands directly above the statement that line `at` belongs to.
fn has_safety_note(lines: &[Line], at: usize) -> bool {
    let says_why = |note: &str| note.strip_prefix("SAFETY:").is_some_and(|why| why.len() > 3);
    let above = (0..at).rev().take_while(|&i| {
        let code = lines[i].code.trim();
        !lines[i].is_blank && !code.ends_with([';', '{', '}', ','])
    });
    says_why(&lines[at].note)
        || above.into_iter().any(|i| lines[i].is_note("SAFETY:") && says_why(&note_from(lines, i)))
}

fn judge_ordering(note: Option<String>, known: &Known) -> Option<&'static str> {
    let Some(note) = note else {
        return Some("no ORDERING note in the paragraph above");
    };
    if cited(&note).next().is_none() {
        return Some("its ORDERING note cites no obligation (P1, P2, ..)");
    }
    let mut named = note.split('`').skip(1).step_by(2).map(|name| {
        let name = name.split('(').next().unwrap_or_default();
        name.rsplit("::").next().unwrap_or_default()
    });
    let names_a_function = named.any(|name| known.functions.contains(name));
    (!names_a_function).then_some("its ORDERING note names no function of this crate in backticks")
}

/// Whether an import makes an ordering invisible to this test, under a new or a short name.
fn hides_ordering(code: &str, known: &Known) -> bool {
    words(code).any(|(before, word, after)| {
        let is_renamed = ORDERS.contains(&word) && after.starts_with(" as ");
        is_renamed || before.contains("order::") && known.rows.contains(word)
    })
}

fn judge_file(file: &str, lines: &[Line], known: &Known, report: &mut Report) {
    let mut state = Reading::default();
    for (i, line) in lines.iter().enumerate() {
        let mut fault = |what: &str| report.faults.push(format!("{file}:{}: {what}", i + 1));
        if TAGS.iter().any(|tag| line.note.starts_with(tag)) {
            for lost in cited(&note_from(lines, i)).filter(|p| !known.obligations.contains(*p)) {
                fault(&format!("cites {lost}, which DESIGN.md does not have"));
            }
        }
        state.enter(&line.code);
        if state.in_use && hides_ordering(&line.code, known) {
            fault("imports an ordering so that its uses cannot be seen");
        }
        if let Some(order) = ordering_in(&line.code).filter(|_| !state.is_exempt()) {
            if let Some(what) = judge_ordering(ordering_note(lines, i), known) {
                fault(&format!("`{order}`: {what}"));
            }
            report.orderings += 1;
        }
        if is_unsafe(&line.code) {
            if !has_safety_note(lines, i) {
                fault("`unsafe`: no SAFETY note directly above");
            }
            report.unsafes += 1;
        }
        state.leave(&line.code);
    }
}

/// The obligations that DESIGN.md states: `**P1**`.
fn obligations_in(design: &str) -> impl Iterator<Item = String> {
    design.split("**P").skip(1).filter_map(|rest| {
        let number = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        let is_marked = rest[number.len()..].trim_start_matches(['.', ':']).starts_with("**");
        (is_marked && !number.is_empty()).then(|| format!("P{number}"))
    })
}

fn judge(files: &[(String, String)], design: &str) -> Report {
    let ours = files.iter().filter(|(name, _)| !is_test_file(name, files));
    let files: Vec<_> = ours.map(|(name, source)| (name, lines_of(source))).collect();
    let mut known = Known::default();
    known.obligations.extend(obligations_in(design));
    for line in files.iter().flat_map(|(_, lines)| lines) {
        let defined = words(&line.code).filter(|(before, _, _)| before.ends_with("fn "));
        known.functions.extend(defined.map(|(_, name, _)| name.to_owned()));
        known.rows.extend(table_row(&line.code).map(str::to_owned));
    }
    known.functions.extend(known.rows.iter().cloned());
    let mut report = Report::default();
    files.iter().for_each(|(name, lines)| judge_file(name, lines, &known, &mut report));
    report
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_ordering_and_every_unsafe_is_argued() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut paths = Vec::new();
    // The crates that share memory by what the core gives them, too.
    for name in ["tearfree", "tearfree-page"] {
        rust_files(&root.join(name).join("src"), &mut paths);
    }
    paths.sort();
    let shown = |path: &Path| path.strip_prefix(root).unwrap().display().to_string();
    let files: Vec<_> =
        paths.iter().map(|path| (shown(path), fs::read_to_string(path).unwrap())).collect();
    let design = fs::read_to_string(root.join("../DESIGN.md")).expect("DESIGN.md is readable");
    let report = judge(&files, &design);
    println!("{} lines with an ordering, {} unsafe", report.orderings, report.unsafes);
    assert!(report.orderings > 0 && report.unsafes > 0, "the search found nothing at all");
    let count = report.faults.len();
    assert!(count == 0, "{count} faults:\n  {}", report.faults.join("\n  "));
}

// ---- The test itself can fail ----

/// The faults of a snippet in a crate that has the functions `begin` and `read_retry`.
fn faults_of(snippet: &str) -> String {
    let source = format!("fn begin() {{}}\nfn read_retry() {{}}\n\n{snippet}\n");
    let report = judge(&[("src/a.rs".into(), source)], "**P1** one. src/**/*.rs **P2.** two.");
    report.faults.join("\n")
}

#[test]
fn good_notes_pass() {
    for good in [
        "// ORDERING: P1. Pairs with `read_retry`.\nx.load(Acquire);",
        "let old = 1;\n// ORDERING: P1, P2. Pairs with\n// `Count::read_retry(..)`.\nlet a = x\n    .load(PLAIN);",
        "x.store(1, Ordering::Release); // ORDERING: P2, for `begin`.",
        "use core::sync::atomic::{\n    Ordering::Relaxed,\n    fence,\n};",
        "// Acquire\n/// order::begin()\nfn fence() { say(\"Relaxed \\\" fence(\", '\"', r#\"Release\"#) }",
        "#[cfg(test)]\nmod tests {\n    fn t() { x.load(SeqCst) }\n}",
        "// SAFETY: nobody else is here.\nlet y = run(\n    unsafe { z() });",
        "// ORDERING: P1. For `begin`.\n/// Docs.\nbegin = Acquire;",
    ] {
        assert_eq!(faults_of(good), "", "{good}");
    }
}

#[test]
fn missing_and_empty_notes_fail() {
    for (bad, what) in [
        ("x.load(Acquire);", "src/a.rs:4: `Acquire`: no ORDERING note"),
        ("// ORDERING: P1. `begin`.\n\norder::begin();", "`begin`: no ORDERING note"),
        ("sync::fence(strong);", "`fence`: no ORDERING note"),
        ("/// ORDERING: P1. `begin`.\nf(PLAIN);", "`PLAIN`: no ORDERING note"),
        ("// ORDERING: see `begin`.\nf(Relaxed);", "cites no obligation"),
        ("// ORDERING: P7. See `begin`.\nf(Relaxed);", "cites P7, which DESIGN.md does not"),
        ("// ORDERING: P1. See `gone`.\nf(Relaxed);", "names no function"),
        ("// ORDERING: P1. See begin.\nf(Relaxed);", "names no function"),
        ("// ORDERING: P1. `begin`.\nbegin = Acquire;\nodd = Release;", ":6: `Release`: no ORD"),
        ("#[cfg(test)]\nmod tests {\n}\nf(SeqCst);", "src/a.rs:7: `SeqCst`: no ORDERING note"),
        ("use Ordering::Relaxed as R;", "imports an ordering"),
        ("// SAFETY: fine.\nf();\nlet y = unsafe { z() };", "`unsafe`: no SAFETY note"),
        ("unsafe impl Send for A {}", "`unsafe`: no SAFETY note"),
        ("// SAFETY:\nunsafe { z() }", "`unsafe`: no SAFETY note"),
        ("// SAFETY: P9.\nunsafe { z() }", "cites P9, which DESIGN.md does not"),
    ] {
        let faults = faults_of(bad);
        assert!(faults.contains(what), "{bad}\ngave: {faults}\ninstead of: {what}");
    }
}

#[test]
fn only_files_that_are_compiled_for_tests_alone_are_exempt() {
    for (declared, is_exempt) in [
        ("#[cfg(test)]\nmod tests;", true),
        ("#[cfg(all(test, not(tearfree_axm)))]\nmod tests;", true),
        ("#[cfg(not(test))]\nmod tests;", false),
        ("mod tests;", false),
    ] {
        let files = [
            ("src/copy.rs".into(), declared.into()),
            ("src/copy/tests.rs".into(), "f(Relaxed);".into()),
        ];
        assert_eq!(judge(&files, "").faults.is_empty(), is_exempt, "{declared}");
    }
}
