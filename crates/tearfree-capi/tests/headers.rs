// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every atomic access and fence in the C headers is argued, as in the core crate.
//!
//! Above it, in the same paragraph, stands an `ORDERING:` note that cites an obligation of DESIGN.md
//! and names, in backticks, a call of the headers.

use std::fs;
use std::path::{Path, PathBuf};

const ACCESSES: [&str; 6] = [
    "__atomic_load",
    "__atomic_store",
    "__atomic_exchange",
    "__atomic_fetch",
    "__atomic_thread_fence",
    "TEARFREE_FENCE(",
];

fn headers() -> Vec<(String, String)> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { collect(&path, found) } else { found.push(path) }
        }
    }
    let mut paths = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("include"), &mut paths);
    paths.sort();
    let text = |path: PathBuf| (path.display().to_string(), fs::read_to_string(&path).unwrap());
    paths.into_iter().map(text).collect()
}

fn is_access(line: &str) -> bool {
    let is_comment = line.trim_start().starts_with(['*', '/']);
    let defines_fence = line.contains("#define TEARFREE_FENCE(");
    !is_comment && !defines_fence && ACCESSES.iter().any(|access| line.contains(access))
}

/// The last `ORDERING:` note in the paragraph above line `at`.
fn note_above<'a>(lines: &[&'a str], at: usize) -> Option<Vec<&'a str>> {
    let begin = lines[..at].iter().rposition(|line| line.trim().is_empty()).map_or(0, |i| i + 1);
    let paragraph = &lines[begin..at];
    let first = paragraph.iter().rposition(|line| line.contains("ORDERING:"))?;
    let last = paragraph[first..].iter().position(|line| line.contains("*/"))?;
    Some(paragraph[first..=first + last].to_vec())
}

/// What is missing from the notes of a header; the second number counts the accesses.
fn faults_in(name: &str, text: &str, design: &str, calls: &str) -> (Vec<String>, usize) {
    let lines: Vec<_> = text.lines().collect();
    let (mut faults, mut accesses) = (Vec::new(), 0);
    for (at, _) in lines.iter().enumerate().filter(|(_, line)| is_access(line)) {
        accesses += 1;
        let note = note_above(&lines, at).unwrap_or_default().join(" ");
        let cites = note.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
            word.starts_with('P') && word.len() > 1 && design.contains(&format!("**{word}**"))
        });
        let names =
            note.split('`').skip(1).step_by(2).any(|call| calls.contains(&format!("{call}(")));
        if !cites || !names {
            faults.push(format!("{name}:{}: {}", at + 1, lines[at].trim()));
        }
    }
    (faults, accesses)
}

#[test]
fn every_access_and_fence_of_the_headers_is_argued() {
    let design = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../DESIGN.md");
    let design = fs::read_to_string(design).unwrap();
    let headers = headers();
    let calls: String = headers.iter().map(|(_, text)| text.as_str()).collect();
    let (mut faults, mut accesses) = (Vec::new(), 0);
    for (name, text) in &headers {
        let (found, count) = faults_in(name, text, &design, &calls);
        faults.extend(found);
        accesses += count;
    }
    assert!(accesses > 20, "only {accesses} accesses were found");
    assert!(
        faults.is_empty(),
        "without a note, an obligation or a call:\n  {}",
        faults.join("\n  ")
    );
}

#[test]
fn a_missing_an_empty_and_a_wrong_note_are_faults() {
    let faults = |text: &str| faults_in("a.h", text, "**P2** two", "int retry(int)").0.len();
    let access = "x = __atomic_load_n(p, order);";
    assert_eq!(faults(&format!("/* ORDERING: P2. Pairs with `retry`. */\n{access}")), 0);
    assert_eq!(faults(&format!("/* ORDERING: P2. Pairs\n * with `retry`. */\ny();\n{access}")), 0);
    for note in [
        "",
        "/* a load */\n",
        "/* ORDERING: P2. Pairs with `retry`. */\n\n",
        "/* ORDERING: P2. Pairs with `gone`. */\n",
        "/* ORDERING: P3. Pairs with `retry`. */\n",
        "/* ORDERING: pairs with `retry`. */\n",
    ] {
        assert_eq!(faults(&format!("{note}{access}")), 1, "{note}");
    }
}
