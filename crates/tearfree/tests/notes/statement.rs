// SPDX-License-Identifier: MIT OR Apache-2.0
//! Finds the orderings and the `unsafe` of a line, and the note above it.

use core::fmt::{self, Display, Formatter};

use crate::known::table_row;
use crate::source::{Line, is_obligation, is_word, words};

pub(crate) const ORDERS: [&str; 5] = ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];
pub(crate) const TAGS: [&str; 3] = ["ORDERING:", "SAFETY:", "INVARIANT:"];

/// What stands in C for the orderings of Rust.
const IN_C: [(&str, &str); 13] = [
    ("__ATOMIC_RELAXED", "Relaxed"),
    ("__ATOMIC_ACQUIRE", "Acquire"),
    ("__ATOMIC_RELEASE", "Release"),
    ("__ATOMIC_ACQ_REL", "AcqRel"),
    ("__ATOMIC_SEQ_CST", "SeqCst"),
    ("TEARFREE_PLAIN_LOAD", "Relaxed"),
    ("TEARFREE_PLAIN_STORE", "Relaxed"),
    ("READ_ONCE", "Relaxed"),
    ("WRITE_ONCE", "Relaxed"),
    ("smp_load_acquire", "Acquire"),
    ("smp_store_release", "Release"),
    ("smp_rmb", "Acquire"),
    ("smp_wmb", "Release"),
];

/// An ordering that a line names.
#[derive(Clone, PartialEq)]
pub(crate) enum Order {
    /// By a row of `order.rs`: `order::begin()`, `PLAIN`.
    Named(String),
    /// By its strength: `Acquire`.
    Direct(&'static str),
    /// A fence whose strength the line does not name.
    Fence,
}

impl Display for Order {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Order::Named(name) => write!(f, "`{name}`"),
            Order::Direct(strength) => write!(f, "`{strength}`"),
            Order::Fence => write!(f, "`fence`"),
        }
    }
}

impl Order {
    pub(crate) fn is_relaxed(&self) -> bool {
        *self == Order::Direct("Relaxed") || *self == Order::Named("PLAIN".into())
    }
}

fn direct(word: &str) -> Option<&'static str> {
    let rust = ORDERS.iter().find(|order| **order == word).copied();
    rust.or_else(|| IN_C.iter().find(|(c, _)| *c == word).map(|(_, order)| *order))
}

/// The orderings that a line of code names.
pub(crate) fn orders_in(code: &str) -> Vec<Order> {
    if let Some((name, _)) = table_row(code) {
        return vec![Order::Named(name.into())];
    }
    let is_definition = |before: &str| before == "#define ";
    let mut orders: Vec<_> = words(code)
        .filter(|(before, ..)| !is_definition(before))
        .filter_map(|(before, word, _)| {
            let is_by_path =
                before.strip_suffix("order::").is_some_and(|path| !path.ends_with(is_word));
            let is_function = word.starts_with(|c: char| c.is_ascii_lowercase());
            let is_named = word == "PLAIN" || is_by_path && is_function;
            if is_named { Some(Order::Named(word.into())) } else { direct(word).map(Order::Direct) }
        })
        .collect();
    let is_fence = words(code).any(|(before, word, after)| {
        let is_defined = before.trim_end().ends_with("fn") || before.starts_with("#define");
        matches!(word, "fence" | "compiler_fence" | "TEARFREE_FENCE" | "__atomic_thread_fence")
            && after.starts_with('(')
            && !is_defined
    });
    if orders.is_empty() && is_fence {
        orders.push(Order::Fence);
    }
    orders
}

/// The code of the `unsafe` block or impl that begins at line `at`, if any.
pub(crate) fn unsafe_code(lines: &[Line], at: usize) -> Option<String> {
    let (_, _, after) = words(&lines[at].code).find(|(_, word, after)| {
        let after = after.trim_start();
        *word == "unsafe"
            && (after.is_empty() || after.starts_with('{') || after.starts_with("impl"))
    })?;
    let rest = lines[at + 1..].iter().take(12).map(|line| line.code.trim().to_owned());
    let whole = core::iter::once(after.trim().to_owned()).chain(rest).collect::<Vec<_>>().join(" ");
    let mut depth = 0_usize;
    let end = whole.char_indices().find_map(|(i, c)| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => return None,
        }
        (depth == 0 || whole.starts_with("impl")).then_some(i + 1)
    });
    Some(whole[..end.unwrap_or(whole.len())].to_owned())
}

/// The whole note that begins at line `at`.
pub(crate) fn note_from(lines: &[Line], at: usize) -> String {
    let begins_another = |line: &Line| TAGS.iter().any(|tag| line.note.starts_with(tag));
    let more = lines[at + 1..].iter().take_while(|line| {
        line.code.trim().is_empty() && !line.note.is_empty() && !begins_another(line)
    });
    let is_alone = lines[at].code.trim().is_empty();
    let more = more.filter(|_| is_alone);
    more.fold(lines[at].note.clone(), |text, line| text + " " + &line.note)
}

/// The line of the ORDERING note in the paragraph above line `at`: in the nearest comment there. A table
/// row needs one of its own.
pub(crate) fn ordering_note(lines: &[Line], at: usize) -> Option<usize> {
    if lines[at].note.starts_with("ORDERING:") {
        return Some(at);
    }
    let is_comment = |line: &Line| line.code.trim().is_empty() && !line.note.is_empty();
    let is_row = table_row(&lines[at].code).is_some();
    let may_be_between = |line: &Line| !line.is_blank && (!is_row || line.code.trim().is_empty());
    let mut paragraph = (0..at).rev().take_while(|&i| may_be_between(&lines[i]));
    let end = paragraph.find(|&i| is_comment(&lines[i]))?;
    let comment = (0..=end).rev().take_while(|&i| is_comment(&lines[i]));
    comment.into_iter().find(|&i| lines[i].note.starts_with("ORDERING:"))
}

/// The line of the SAFETY note directly above the statement that line `at` belongs to.
pub(crate) fn safety_note(lines: &[Line], at: usize) -> Option<usize> {
    if lines[at].note.starts_with("SAFETY:") {
        return Some(at);
    }
    let above = (0..at).rev().take_while(|&i| {
        let code = lines[i].code.trim();
        !lines[i].is_blank && !code.ends_with([';', '{', '}', ','])
    });
    above.into_iter().find(|&i| lines[i].is_note("SAFETY:"))
}

/// What a note says, without its tag.
pub(crate) fn without_tag(note: &str) -> &str {
    TAGS.iter().find_map(|tag| note.strip_prefix(tag)).unwrap_or(note).trim()
}

/// The obligations that a note rests on: those that it begins with, behind the word "Relaxed".
pub(crate) fn leading_obligations(note: &str) -> impl Iterator<Item = &str> {
    let words = words(without_tag(note)).map(|(_, word, _)| word);
    words.skip_while(|word| *word == "Relaxed").take_while(|word| is_obligation(word))
}

/// All obligations that a note mentions.
pub(crate) fn mentioned(note: &str) -> impl Iterator<Item = &str> {
    words(note).map(|(_, word, _)| word).filter(|word| is_obligation(word))
}

/// The `# Safety` section of the function that line `at` stands in, if that is an `unsafe fn`.
pub(crate) fn contract(lines: &[Line], at: usize) -> String {
    let is_head = |i: &usize| words(&lines[*i].code).any(|(_, word, _)| word == "fn");
    let Some(head) = (0..at).rev().find(is_head) else { return String::new() };
    let docs = (0..head).rev().map(|i| &lines[i]);
    let docs: Vec<_> = docs
        .take_while(|line| !line.is_blank && !line.code.trim_end().ends_with([';', '}', '{']))
        .map(|line| line.doc.trim_start().trim_start_matches('/').trim())
        .collect();
    let text = docs.into_iter().rev().collect::<Vec<_>>().join("\n");
    let section = text.split_once("# Safety\n").map_or("", |(_, section)| section);
    section.split("\n# ").next().unwrap_or_default().to_owned()
}
