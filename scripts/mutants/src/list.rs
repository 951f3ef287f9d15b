// SPDX-License-Identifier: MIT OR Apache-2.0
//! The lists of mutants: what a mutant is, and what is wrong with a list.

use std::collections::HashSet;
use std::fs;
use std::path::{Component, Path};

use serde::Deserialize;

/// One planted fault, and the test that notices it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mutant {
    /// The name of its list, without `.toml`.
    #[serde(skip)]
    pub(crate) part: String,
    /// Unique in its list.
    pub(crate) name: String,
    /// One sentence: what is wrong for a user.
    pub(crate) fault: String,
    /// The file that is changed, from the root of the repository.
    pub(crate) file: String,
    /// What is replaced. It occurs exactly once in the file.
    pub(crate) from: String,
    /// What takes its place.
    pub(crate) to: String,
    /// A shell command that succeeds without the mutant and fails with it.
    pub(crate) test: Option<String>,
    /// What the output of the failed test has to contain.
    pub(crate) says: Option<String>,
    /// The test never ends with the mutant.
    #[serde(default)]
    pub(crate) hangs: bool,
    /// The test takes minutes: samples leave the mutant out.
    #[serde(default)]
    pub(crate) slow: bool,
    /// After so many seconds the test hangs; by default this follows from its time without the mutant.
    pub(crate) limit: Option<u64>,
    /// Why no test can tell the mutant from the original.
    pub(crate) equivalent: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    mutant: Vec<Mutant>,
}

impl Mutant {
    /// What the output of the failed test has to contain.
    pub(crate) fn says(&self) -> &str {
        self.says.as_deref().unwrap_or("FAILED")
    }

    /// The command that notices; empty for an equivalent mutant.
    pub(crate) fn test(&self) -> &str {
        self.test.as_deref().unwrap_or_default()
    }
}

/// Reads all lists below `root`, and compares them with the sources.
///
/// # Errors
///
/// Everything that is wrong, one line each.
pub(crate) fn read(root: &Path) -> Result<Vec<Mutant>, Vec<String>> {
    let (mut mutants, mut faults) = (Vec::new(), Vec::new());
    for part in parts(root).map_err(|error| vec![format!("mutants/: {error}")])? {
        let list = fs::read_to_string(root.join(format!("mutants/{part}.toml")));
        match list.map_err(|error| error.to_string()).and_then(|list| parse(&list)) {
            Ok(list) => mutants
                .extend(list.into_iter().map(|mutant| Mutant { part: part.clone(), ..mutant })),
            Err(error) => faults.push(format!("mutants/{part}.toml: {error}")),
        }
    }
    faults.extend(duplicates(&mutants));
    for mutant in &mutants {
        let faults_of_one = contradictions(mutant).chain(mismatches(root, mutant));
        faults.extend(faults_of_one.map(|fault| describe(mutant, &fault)));
    }
    if mutants.is_empty() && faults.is_empty() {
        faults.push("mutants/: there is no list".into());
    }
    if faults.is_empty() { Ok(mutants) } else { Err(faults) }
}

fn parse(list: &str) -> Result<Vec<Mutant>, String> {
    toml::from_str::<List>(list).map(|list| list.mutant).map_err(|error| error.to_string())
}

/// The names of the lists, sorted.
fn parts(root: &Path) -> std::io::Result<Vec<String>> {
    let mut parts = Vec::new();
    for entry in fs::read_dir(root.join("mutants"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        parts.extend(name.strip_suffix(".toml").map(str::to_owned));
    }
    parts.sort();
    Ok(parts)
}

fn describe(mutant: &Mutant, fault: &str) -> String {
    format!("mutants/{}.toml: {}: {fault}", mutant.part, mutant.name)
}

/// Names, and replacements, that are there twice.
fn duplicates(mutants: &[Mutant]) -> Vec<String> {
    let (mut names, mut replacements) = (HashSet::new(), HashSet::new());
    let mut faults = Vec::new();
    for mutant in mutants {
        if !names.insert((&mutant.part, &mutant.name)) {
            faults.push(describe(mutant, "two mutants have this name"));
        }
        if !replacements.insert((&mutant.file, &mutant.from, &mutant.to)) {
            faults.push(describe(mutant, "another mutant makes the same change"));
        }
    }
    faults
}

/// What is wrong with an entry by itself.
fn contradictions(mutant: &Mutant) -> impl Iterator<Item = String> {
    let is_letter = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(letter)
    };
    let is_run = mutant.test.is_some();
    let is_blank = |text: &Option<String>| text.as_ref().is_some_and(|text| text.trim().is_empty());
    let has_options =
        mutant.says.is_some() || mutant.limit.is_some() || mutant.hangs || mutant.slow;
    [
        (
            mutant.name.is_empty() || !mutant.name.chars().all(is_letter),
            "a name consists of the letters a to z, digits, '-' and '_'",
        ),
        (mutant.fault.trim().is_empty(), "'fault' is empty: say what is wrong for a user"),
        (mutant.from == mutant.to, "'from' and 'to' are the same"),
        (is_run == mutant.equivalent.is_some(), "it needs either 'test' or 'equivalent'"),
        (is_blank(&mutant.test) || is_blank(&mutant.equivalent), "'test' or 'equivalent' is empty"),
        (is_blank(&mutant.says), "'says' is empty"),
        (has_options && !is_run, "'says', 'hangs', 'slow' and 'limit' need a 'test'"),
    ]
    .into_iter()
    .filter(|(is_wrong, _)| *is_wrong)
    .map(|(_, fault)| fault.to_owned())
}

/// Why an entry does not fit the source that it changes.
fn mismatches(root: &Path, mutant: &Mutant) -> Option<String> {
    if Path::new(&mutant.file).components().any(|part| !matches!(part, Component::Normal(_))) {
        return Some(format!("'{}' is no path from the root of the repository", mutant.file));
    }
    let text = match fs::read_to_string(root.join(&mutant.file)) {
        Ok(text) => text,
        Err(error) => return Some(format!("{}: {error}", mutant.file)),
    };
    if mutant.from.is_empty() {
        return Some("'from' is empty".into());
    }
    match text.matches(&mutant.from).count() {
        1 => None,
        count => Some(format!("'from' occurs {count} times in {}, not once", mutant.file)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[[mutant]]\nname = 'one'\nfault = 'A fault.'\nfile = 'a.rs'\nfrom = 'right'\nto = 'wrong'\n";

    /// What is wrong with a list, beside a source that has `right` once and `twice` twice.
    fn faults(list: &str) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("mutants")).unwrap();
        fs::write(root.path().join("mutants/core.toml"), list).unwrap();
        fs::write(root.path().join("a.rs"), "right twice twice\n").unwrap();
        read(root.path()).err().unwrap_or_default()
    }

    fn assert_fault(list: &str, expected: &str) {
        let faults = faults(list);
        assert!(faults.len() == 1 && faults[0].contains(expected), "{faults:?}, not '{expected}'");
    }

    #[test]
    fn a_list_without_a_fault_is_read() {
        assert_eq!(faults(&format!("{GOOD}test = 'false'\nhangs = true\n")), [""; 0]);
        assert_eq!(faults(&format!("{GOOD}equivalent = 'It is dead code.'\n")), [""; 0]);
    }

    #[test]
    fn a_text_that_is_not_there_once_is_refused() {
        let list = format!("{GOOD}test = 'false'\n");
        assert_fault(&list.replace("'right'", "'absent'"), "occurs 0 times in a.rs");
        assert_fault(&list.replace("'right'", "'twice'"), "occurs 2 times in a.rs");
        assert_fault(&list.replace("'right'", "''"), "'from' is empty");
        assert_fault(&list.replace("a.rs", "b.rs"), "b.rs: ");
        assert_fault(&list.replace("a.rs", "../a.rs"), "no path from the root");
    }

    #[test]
    fn a_mutant_that_changes_nothing_is_refused() {
        assert_fault(
            &format!("{GOOD}test = 'false'\n").replace("'wrong'", "'right'"),
            "are the same",
        );
    }

    #[test]
    fn names_and_changes_are_unique() {
        let list = format!("{GOOD}test = 'false'\n");
        assert_fault(
            &(list.clone() + &list.replace("wrong", "other")),
            "two mutants have this name",
        );
        assert_fault(&(list.clone() + &list.replace("one", "two")), "makes the same change");
        assert_fault(&list.replace("one", "a/b"), "a name consists of");
    }

    #[test]
    fn a_mutant_has_a_test_or_is_equivalent() {
        assert_fault(GOOD, "either 'test' or 'equivalent'");
        let both = format!("{GOOD}test = 'false'\nequivalent = 'It is dead code.'\n");
        assert_fault(&both, "either 'test' or 'equivalent'");
        assert_fault(&format!("{GOOD}equivalent = ' '\n"), "is empty");
        assert_fault(
            &format!("{GOOD}equivalent = 'It is dead code.'\nsays = 'x'\n"),
            "need a 'test'",
        );
        assert_fault(&format!("{GOOD}test = 'false'\nsays = ''\n"), "'says' is empty");
    }

    #[test]
    fn an_unknown_key_and_a_missing_key_are_refused() {
        assert_fault(&format!("{GOOD}test = 'false'\nsay = 'x'\n"), "unknown field `say`");
        assert_fault(
            &format!("{GOOD}test = 'false'\n").replace("to = 'wrong'\n", ""),
            "missing field `to`",
        );
        assert_fault(
            &format!("{GOOD}test = 'false'\n").replace("A fault.", ""),
            "'fault' is empty",
        );
        assert_fault("[[mutants]]\n", "mutants/core.toml: ");
    }
}
