// SPDX-License-Identifier: MIT OR Apache-2.0
//! A compiler's listing, reduced to the instructions of the probes.

use std::collections::BTreeMap;
use std::fmt;

/// The instructions of each probe, without directives, and with names that do not change from one
/// build to the next.
pub(crate) struct Listing {
    probes: BTreeMap<String, Vec<String>>,
    /// How many instructions each function has, by its mangled name.
    lengths: Vec<(String, usize)>,
}

impl Listing {
    pub(crate) fn parse(text: &str) -> Self {
        let (mut functions, mut lengths) = (BTreeMap::new(), Vec::new());
        let mut current: Option<(String, Vec<String>)> = None;
        for line in text.lines() {
            if let Some(name) = function_label(line) {
                current = Some((name.to_owned(), Vec::new()));
            } else if line.trim() == ".cfi_endproc" {
                if let Some((name, body)) = current.take() {
                    functions.insert(readable(&name), body.clone());
                    lengths.push((name, body.len()));
                }
            } else if let Some((_, body)) = &mut current {
                body.extend(instruction(line));
            }
        }
        functions.retain(|name, _| PARTS.contains(&name.as_str()) || is_probe(name, text));
        let renamed = functions.into_iter().map(|(name, body)| (name, rename_labels(body)));
        Listing { probes: renamed.collect(), lengths }
    }

    pub(crate) fn function(&self, name: &str) -> &[String] {
        self.probes.get(name).unwrap_or_else(|| panic!("the listing has no probe {name}"))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.probes.keys().map(String::as_str)
    }

    /// The lengths of all functions whose mangled name has these parts in it.
    pub(crate) fn lengths<'a>(&'a self, parts: &'a [&str]) -> impl Iterator<Item = usize> + 'a {
        let is_one = |name: &str| parts.iter().all(|part| name.contains(part));
        self.lengths.iter().filter(move |(name, _)| is_one(name)).map(|(_, length)| *length)
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, body) in &self.probes {
            writeln!(f, "\n{name}:")?;
            for line in body {
                writeln!(f, "{}{line}", if line.ends_with(':') { "" } else { "    " })?;
            }
        }
        Ok(())
    }
}

/// Functions of the crate that a probe's path goes through. The probes use one form of each.
const PARTS: &[&str] = &["read_in_place"];

/// A probe's name is not mangled.
fn is_probe(name: &str, text: &str) -> bool {
    text.contains(&format!("\n{name}:\n")) || text.starts_with(&format!("{name}:\n"))
}

/// A label at the beginning of a line that is not the compiler's own.
fn function_label(line: &str) -> Option<&str> {
    line.strip_suffix(':').filter(|name| !name.starts_with(['.', ' ', '\t', '"']))
}

/// One instruction or local label, or nothing.
fn instruction(line: &str) -> Option<String> {
    let line = line.trim();
    // A fence that costs no instruction is printed as a comment; it has to be there all the same.
    if line == "#MEMBARRIER" {
        return Some(line.to_owned());
    }
    let line = line.split("//").next()?.split(" # ").next()?.trim();
    let label = line.starts_with(".LBB") && line.ends_with(':');
    let noise = line.starts_with(['.', '#', '@']) && !label;
    if line.is_empty() || noise {
        return None;
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    Some(words.iter().map(|word| readable(word)).collect::<Vec<_>>().join(" "))
}

/// Shortens a mangled name to its last part, which has no hash, and the name of a constant to its number.
fn readable(word: &str) -> String {
    const CONSTANT: &str = ".Lanon.";
    if let Some((before, named)) = word.split_once(CONSTANT) {
        let (_hash, number) = named.split_once('.').unwrap_or(("", named));
        return format!("{before}{CONSTANT}{number}");
    }
    let Some(at) = word.find("_ZN") else {
        return word.to_owned();
    };
    let (mut rest, mut parts) = (&word[at + 3..], Vec::new());
    while let Some(end) = rest.find(|c: char| !c.is_ascii_digit()).filter(|&end| end > 0) {
        let length: usize = rest[..end].parse().unwrap_or(0);
        parts.push(&rest[end..end + length]);
        rest = &rest[end + length..];
    }
    parts.pop(); // the hash
    format!("{}{}{}", &word[..at], parts.last().unwrap_or(&"?"), rest.trim_start_matches('E'))
}

/// Numbers local labels from 1 in each function.
fn rename_labels(body: Vec<String>) -> Vec<String> {
    let labels: Vec<String> =
        body.iter().filter_map(|line| line.strip_suffix(':').map(str::to_owned)).collect();
    let rename = |word: &str| {
        let bare = word.trim_end_matches([':', ',']);
        let number = labels.iter().position(|label| label == bare);
        number.map_or(word.to_owned(), |n| word.replace(bare, &format!(".L{}", n + 1)))
    };
    let line = |line: String| line.split(' ').map(rename).collect::<Vec<_>>().join(" ");
    body.into_iter().map(line).collect()
}
