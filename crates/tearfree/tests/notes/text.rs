// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a note says: whether it has words of its own, and whether others have the same words.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{is_obligation, words};

/// A note with fewer words of its own says nothing.
const FEWEST_WORDS: usize = 4;
/// On how many different lines one text may stand.
const MOST_LINES: usize = 3;

/// Phrases that point at an argument instead of making one. They count for nothing.
const STOCK: [&str; 23] = [
    "by the caller s promise",
    "by the caller s contract",
    "as the caller promises",
    "as the caller promised",
    "which the caller promises",
    "the caller promises this",
    "the caller promises it",
    "the caller s promise",
    "the caller s contract",
    "the caller upholds the contract",
    "guaranteed by the caller",
    "the contract of this function",
    "by contract",
    "see the function",
    "see above",
    "see below",
    "same as above",
    "the same as above",
    "as above",
    "as below",
    "as before",
    "relaxed",
    "this is safe because",
];

/// The words of a note without its tag, obligations, and phrases that say nothing.
fn own_words(text: &str) -> Vec<String> {
    let all =
        words(text).map(|(_, word, _)| word).filter(|word| !is_obligation(&word.to_uppercase()));
    let mut joined = format!(" {} ", all.collect::<Vec<_>>().join(" ").to_lowercase());
    for phrase in STOCK {
        // Twice: two phrases may share the blank between them.
        joined = joined.replace(&format!(" {phrase} "), "  ").replace(&format!(" {phrase} "), "  ");
    }
    joined.split_whitespace().map(str::to_owned).collect()
}

/// Whether a note makes no argument, or points at another one. `text` has no tag.
pub(crate) fn says_nothing(text: &str) -> bool {
    let text = text.to_lowercase();
    let mut argument = words(&text)
        .map(|(_, word, _)| word)
        .skip_while(|word| *word == "relaxed" || is_obligation(&word.to_uppercase()));
    let beginning = (argument.next().unwrap_or_default(), argument.next().unwrap_or_default());
    let points_elsewhere = matches!(beginning, ("as", "above" | "below" | "before" | "for" | "in"));
    points_elsewhere || own_words(&text).len() < FEWEST_WORDS
}

/// Whether a note only repeats what the contract of its function says.
pub(crate) fn repeats(text: &str, contract: &str) -> bool {
    let (own, contract) = (own_words(text).join(" "), own_words(contract).join(" "));
    !own.is_empty() && format!(" {contract} ").contains(&format!(" {own} "))
}

/// Where one text stands: at which lines, and above which different pieces of code.
#[derive(Default)]
struct Uses {
    lines: Vec<String>,
    codes: BTreeSet<String>,
}

/// All notes by what they say, whatever obligations they cite.
#[derive(Default)]
pub(crate) struct Texts(BTreeMap<(&'static str, Vec<String>), Uses>);

impl Texts {
    pub(crate) fn add(&mut self, tag: &'static str, text: &str, line: String, code: String) {
        let uses = self.0.entry((tag, own_words(text))).or_default();
        uses.lines.push(line);
        uses.codes.insert(code);
    }

    /// A fault for each text that serves for too many different lines.
    pub(crate) fn faults(&self) -> impl Iterator<Item = String> {
        let repeated = self.0.iter().filter(|(_, uses)| uses.codes.len() > MOST_LINES);
        repeated.map(|((tag, own), uses)| {
            format!(
                "one {tag} note for {} different lines, \"{}\": say what holds at each of {}",
                uses.codes.len(),
                own.join(" "),
                uses.lines.join(", ")
            )
        })
    }
}
