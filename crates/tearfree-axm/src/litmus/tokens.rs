// SPDX-License-Identifier: MIT OR Apache-2.0
//! The words, numbers and signs of a litmus test.

/// A word, a number or a sign, with its line.
pub(super) struct Token<'t> {
    pub(super) text: &'t str,
    pub(super) line: usize,
}

/// The signs of two characters.
const PAIRS: [&str; 8] = ["/\\", "\\/", "==", "!=", "<=", ">=", "&&", "||"];

/// Returns the tokens of `text`, which begins behind the title.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    // The title took the first line.
    for (line, text) in (2..).zip(text.lines()) {
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let pair = PAIRS.iter().any(|sign| rest.starts_with(sign));
            let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let length =
                if pair { 2 } else { word.max(rest.chars().next().map_or(1, char::len_utf8)) };
            tokens.push(Token { text: &rest[..length], line });
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

/// Replaces by blanks: `(* comments *)`, `/* comments */`, `// comments`, `"titles"`, and the lines of the
/// form `Key=value` before the start values. Within braces, `(*x` is no comment, but a parenthesis and `*x`.
pub(super) fn without_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let (mut rest, mut depth) = (text, 0_usize);
    while let Some(first) = rest.chars().next() {
        let length = comment(rest, depth > 0);
        if length == 0 {
            match first {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            plain.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        plain.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &rest[length..];
    }
    without_information(&plain)
}

/// Returns the length of the comment or title with which `text` begins, or zero.
fn comment(text: &str, is_in_braces: bool) -> usize {
    let until = |begin: &str, end: &str| {
        let behind = text.strip_prefix(begin)?;
        Some(behind.find(end).map_or(text.len(), |at| begin.len() + at + end.len()))
    };
    let is_name = |c: char| c.is_ascii_alphabetic() || c == '_';
    let is_value =
        is_in_braces && text.strip_prefix("(*").is_some_and(|rest| rest.starts_with(is_name));
    if is_value {
        return 0;
    }
    let line = || text.starts_with("//").then(|| text.find('\n').unwrap_or(text.len()));
    let length = until("(*", "*)").or_else(|| until("/*", "*/")).or_else(|| until("\"", "\""));
    length.or_else(line).unwrap_or(0)
}

/// herd7 skips such lines too: they say how a test was generated.
fn without_information(text: &str) -> String {
    let (before, behind) = text.split_at(text.find('{').unwrap_or(text.len()));
    let is_key = |key: &str| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric());
    let is_information =
        |line: &str| line.split_once('=').is_some_and(|(key, _)| is_key(key.trim()));
    let lines = before.split('\n').map(|line| if is_information(line) { "" } else { line });
    lines.collect::<Vec<_>>().join("\n") + behind
}
