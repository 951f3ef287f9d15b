// SPDX-License-Identifier: MIT OR Apache-2.0
//! Splits Rust and C source into lines: what the compiler reads of each, and what its comment says.

/// A line of source: what the compiler reads of it, and what its plain comment says.
#[derive(Default)]
pub(crate) struct Line {
    /// Without comments, doc comments and literals.
    pub(crate) code: String,
    /// Without the slashes. Doc comments are no notes.
    pub(crate) note: String,
    /// The text of a doc comment.
    pub(crate) doc: String,
    pub(crate) is_blank: bool,
}

impl Line {
    pub(crate) fn is_note(&self, tag: &str) -> bool {
        self.code.trim().is_empty() && self.note.starts_with(tag)
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Code,
    Comment,
    Doc,
    Literal,
}

pub(crate) fn lines_of(source: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = source
        .split('\n')
        .map(|text| Line { is_blank: text.trim().is_empty(), ..Line::default() })
        .collect();
    let (mut rest, mut at) = (source, 0);
    while !rest.is_empty() {
        let (kind, length) = lexeme(rest);
        for (i, part) in rest[..length].split('\n').enumerate() {
            at += usize::from(i > 0);
            match kind {
                Kind::Code => lines[at].code.push_str(part),
                Kind::Comment => {
                    lines[at].note = part.trim_matches(['/', '*', ' ', '\t']).to_owned()
                }
                Kind::Doc => part.clone_into(&mut lines[at].doc),
                Kind::Literal => {}
            }
        }
        rest = &rest[length..];
    }
    forget_test_modules(&mut lines);
    lines
}

/// The kind and the length of what `rest` begins with.
fn lexeme(rest: &str) -> (Kind, usize) {
    if rest.starts_with("//") {
        let is_doc =
            rest.starts_with("//!") || rest.starts_with("///") && !rest.starts_with("////");
        let kind = if is_doc { Kind::Doc } else { Kind::Comment };
        return (kind, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Kind::Comment, block_comment(rest));
    }
    if let Some(length) = literal(rest) {
        return (Kind::Literal, length);
    }
    let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    (Kind::Code, if word > 0 { word } else { first_char(rest) })
}

fn first_char(rest: &str) -> usize {
    rest.chars().next().map_or(0, char::len_utf8)
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        if rest[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
        } else {
            at += first_char(&rest[at..]);
        }
        if depth == 0 || at >= rest.len() {
            return at;
        }
    }
}

/// The length of a string, raw string or character literal, if `rest` begins with one.
fn literal(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix(['b', 'c']).unwrap_or(rest);
    let prefix = rest.len() - body.len();
    if let Some(raw) = body.strip_prefix('r') {
        let quoted = raw.trim_start_matches('#');
        let hashes = raw.len() - quoted.len();
        let close = format!("\"{}", "#".repeat(hashes));
        let end = quoted.strip_prefix('"')?.find(&close)?;
        return Some(prefix + 1 + hashes + 1 + end + close.len());
    }
    let quote = body.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut chars = body.char_indices().skip(1);
    let is_escape = body[1..].starts_with('\\');
    // One character and no quote behind it.
    let is_lifetime = quote == '\'' && !is_escape && chars.clone().nth(1)?.1 != '\'';
    if is_lifetime {
        return None;
    }
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => _ = chars.next(),
            _ if c == quote => return Some(prefix + at + 1),
            _ => {}
        }
    }
    None
}

pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether what follows this text is compiled for tests alone.
fn is_test_only(code: &str) -> bool {
    let attribute = code.trim().rsplit('\n').next().unwrap_or_default();
    attribute.starts_with("#[cfg(test)]") || attribute.starts_with("#[cfg(all(test,")
}

/// Whether a parent module declares this file for tests alone: `#[cfg(test)] mod tests;`.
pub(crate) fn is_test_file(file: &str, files: &[(String, String)]) -> bool {
    let Some((folder, stem)) = file.trim_end_matches(".rs").rsplit_once('/') else {
        return false;
    };
    let parents = [".rs", "/mod.rs", "/lib.rs"].map(|end| format!("{folder}{end}"));
    let declaration = format!("mod {stem};");
    let mut parents = files.iter().filter(|(name, _)| parents.contains(name));
    parents.any(|(_, source)| {
        source.split_once(&declaration).is_some_and(|(before, _)| is_test_only(before))
    })
}

/// Clears what stands under `#[cfg(test)]`.
fn forget_test_modules(lines: &mut [Line]) {
    let (mut inside, mut depth) = (false, 0_usize);
    for line in lines {
        inside |= is_test_only(&line.code);
        if !inside {
            continue;
        }
        let opens = line.code.matches('{').count();
        let closes = line.code.matches('}').count();
        depth = (depth + opens).saturating_sub(closes);
        let is_over = depth == 0 && (closes > 0 || line.code.trim_end().ends_with(';'));
        line.code.clear();
        line.note.clear();
        inside = !is_over;
    }
}

/// Each word of the code, with what stands before and after it.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    code.split(|c| !is_word(c)).filter(|word| !word.is_empty()).map(move |word| {
        let at = word.as_ptr().addr() - code.as_ptr().addr();
        (&code[..at], word, &code[at + word.len()..])
    })
}

/// Whether a word is the name of an obligation: `P1`, `P12`.
pub(crate) fn is_obligation(word: &str) -> bool {
    word.strip_prefix('P')
        .is_some_and(|n| matches!(n.len(), 1 | 2) && n.bytes().all(|b| b.is_ascii_digit()))
}
