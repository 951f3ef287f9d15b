// SPDX-License-Identifier: MIT OR Apache-2.0
//! Converts between the bytes of one value and text, for all kinds.

use core::fmt::Write as _;

use serde_json::Value;
use tearfree_page::{Field, Kind};

use super::values::{format_number, number_to_json, parse_number};

/// Splits the text of a field into those of its elements.
pub(super) fn split_elements<'a>(field: &Field, text: &'a str) -> Vec<&'a str> {
    let is_text = matches!(field.kind(), Kind::Text(_));
    match field.count() {
        None if is_text => vec![text],
        _ if is_text => split_texts(text),
        _ => text.split(',').map(str::trim).collect(),
    }
}

/// Splits at the commas that no backslash precedes.
fn split_texts(text: &str) -> Vec<&str> {
    let (mut texts, mut begin, mut is_escaped) = (Vec::new(), 0, false);
    for (at, letter) in text.char_indices() {
        if letter == ',' && !is_escaped {
            texts.push(&text[begin..at]);
            begin = at + 1;
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    texts.push(&text[begin..]);
    texts
}

/// Parses a value of this kind; returns its bytes.
pub(super) fn parse(kind: &Kind, text: &str) -> Option<Vec<u8>> {
    let bytes = match kind {
        Kind::Number(number) => parse_number(*number, text)?,
        Kind::Bool => vec![u8::from(text.parse::<bool>().ok()?)],
        Kind::Text(size) => {
            let mut bytes = unescape(text)?.into_bytes();
            // A NUL would end the text.
            let fits = bytes.len() <= *size && !bytes.contains(&0);
            fits.then(|| bytes.resize(*size, 0))?;
            bytes
        }
        Kind::Enum(kind) => kind.bytes_of(text)?,
        kind => parse_hex(text, kind.size())?,
    };
    Some(bytes)
}

/// Says what to give for a value of this kind.
pub(super) fn advice(kind: &Kind) -> String {
    match kind {
        Kind::Number(_) => "Give a number of that kind, within its range.".to_owned(),
        Kind::Bool => "Give true or false.".to_owned(),
        Kind::Text(size) => format!(
            "Give at most {size} bytes of text; write a backslash as \\\\, a comma of an array as \\, and \
             a control character as \\n or \\u{{1b}}."
        ),
        Kind::Enum(kind) => {
            let names: Vec<&str> = kind.names().map(|(name, _)| name).collect();
            format!("Give one of {}.", names.join(", "))
        }
        kind => format!("Give {} bytes as hexadecimal digits.", kind.size()),
    }
}

/// Formats a value as [`parse`] parses it; `None` if its bytes are invalid. Text is escaped.
pub(super) fn format(kind: &Kind, bytes: &[u8]) -> Option<String> {
    if !kind.is_valid(bytes) {
        return None;
    }
    Some(match kind {
        Kind::Number(number) => format_number(*number, bytes),
        Kind::Bool => (bytes[0] == 1).to_string(),
        Kind::Text(_) => escape(&text_of(bytes)),
        Kind::Enum(kind) => kind.name_of(bytes)?.to_owned(),
        _ => format_hex(bytes),
    })
}

/// Formats the first bytes of a value that is not one of its kind.
pub(super) fn format_start(bytes: &[u8]) -> String {
    const SHOWN: usize = 8;
    let more = if bytes.len() > SHOWN { "…" } else { "" };
    format_hex(&bytes[..bytes.len().min(SHOWN)]) + more
}

/// Converts a value to JSON; null if its bytes are invalid.
pub(super) fn to_json(kind: &Kind, bytes: &[u8]) -> Value {
    match kind {
        _ if !kind.is_valid(bytes) => Value::Null,
        Kind::Number(number) => number_to_json(format_number(*number, bytes), *number),
        Kind::Bool => Value::Bool(bytes[0] == 1),
        Kind::Text(_) => Value::String(text_of(bytes)),
        _ => format(kind, bytes).map_or(Value::Null, Value::String),
    }
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned()
}

/// Escapes what a terminal would obey or not show, backslashes, and commas, which separate elements.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            ',' => escaped.push_str("\\,"),
            '\'' | '"' => escaped.push(letter),
            _ => escaped.extend(letter.escape_debug()),
        }
    }
    escaped
}

/// Reverses [`escape`]; `None` for an unknown escape.
fn unescape(text: &str) -> Option<String> {
    let (mut plain, mut letters) = (String::new(), text.chars());
    while let Some(letter) = letters.next() {
        plain.push(if letter == '\\' { escaped_letter(&mut letters)? } else { letter });
    }
    Some(plain)
}

/// Parses what follows a backslash.
fn escaped_letter(letters: &mut core::str::Chars<'_>) -> Option<char> {
    match letters.next()? {
        letter @ ('\\' | ',' | '\'' | '"') => Some(letter),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'u' => {
            let (number, rest) = letters.as_str().strip_prefix('{')?.split_once('}')?;
            *letters = rest.chars();
            char::from_u32(u32::from_str_radix(number, 16).ok()?)
        }
        _ => None,
    }
}

fn format_hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    bytes.iter().for_each(|byte| _ = write!(text, "{byte:02x}"));
    text
}

fn parse_hex(text: &str, len: usize) -> Option<Vec<u8>> {
    if text.len() != 2 * len || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    (0..len).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::values;
    use tearfree_page::Schema;

    fn field(kind: &str) -> Schema {
        let Ok(schema) = format!("f:{kind}").parse::<Schema>() else { panic!("{kind}") };
        schema
    }

    /// Stores a value, and returns it as text and as JSON.
    fn stored(kind: &str, text: &str) -> Result<(String, String), String> {
        let schema = field(kind);
        let mut payload = vec![0xEE; schema.size()];
        values::store(&mut payload, &schema.fields()[0], text)
            .map_err(|error| error.to_string())?;
        let Ok(json) = serde_json::to_value(values::to_object(&payload, schema.fields())) else {
            panic!("a field is JSON")
        };
        let Ok(shown) = values::format(&payload, &schema.fields()[0]) else {
            panic!("{payload:?}")
        };
        Ok((shown, json["f"].to_string()))
    }

    #[test]
    fn a_value_of_each_kind_is_shown_as_it_was_given() {
        for (kind, text, json) in [
            ("bool", "true", "true"),
            ("bool[2]", "false,true", "[false,true]"),
            ("u8{idle=0,busy=1}", "busy", r#""busy""#),
            ("i16{down=-1,up=1}[2]", "up,down", r#"["up","down"]"#),
            ("text[5]", "a b", r#""a b""#),
            ("text[5]", "", r#""""#),
            ("text[5]", "héł", r#""héł""#),
            ("text[8]", r"a\,b\\c", r#""a,b\\c""#),
            ("text[3][3]", r"a\,,,b", r#"["a,","","b"]"#),
            ("text[3][2]", r"a\\,b", r#"["a\\","b"]"#),
            ("text[6]", r"\u{1b}[m\n", r#""\u001b[m\n""#),
            ("text[6]", r"\u{202e}x\t", "\"\u{202e}x\\t\""), // escaped when it is printed
            ("uuid<2>[2]", "00ff,a1b2", r#"["00ff","a1b2"]"#),
        ] {
            assert_eq!(stored(kind, text), Ok((text.to_owned(), json.to_owned())), "{kind}");
        }
        assert_eq!(stored("text[5]", "a, b").map(|(shown, _)| shown), Ok(r"a\, b".to_owned()));
    }

    #[test]
    fn what_is_no_value_of_the_kind_is_refused() {
        for (kind, text, advice) in [
            ("bool", "1", "Give true or false."),
            ("bool", "True", "Give true or false."),
            ("u8{idle=0,busy=1}", "0", "Give one of idle, busy."),
            ("text[5]", "abcdef", "Give at most 5 bytes of text"),
            ("text[5]", "ééé", "Give at most 5 bytes of text"),
            ("text[5]", r"\u{0}a", "Give at most 5 bytes of text"),
            ("text[5]", r"\x", "write a backslash as"),
            ("text[5]", "\\", "write a backslash as"),
            ("text[5]", r"\u{d800}", "write a backslash as"),
            ("text[1][2]", "a,b,c", "has 3 values, but f:text[1][2] takes 2"),
            ("uuid<2>", "00fff", "Give 2 bytes as hexadecimal digits."),
            ("uuid<2>", "+0+0", "Give 2 bytes as hexadecimal digits."),
        ] {
            let Err(error) = stored(kind, text) else { panic!("{kind} takes {text}") };
            assert!(error.contains(advice), "{error}");
        }
    }

    #[test]
    fn no_control_character_of_a_page_is_shown() {
        let schema = field("text[64]");
        for letter in (1..=0xA0).chain([0x200B, 0x202E, 0x2028, 0xFEFF]).filter_map(char::from_u32)
        {
            let mut payload = letter.to_string().into_bytes();
            payload.resize(64, 0);
            let Ok(shown) = values::format(&payload, &schema.fields()[0]) else {
                panic!("{letter:?}")
            };
            assert!(!shown.contains(char::is_control), "{shown:?}");
            assert_eq!(
                shown.len() == 1,
                letter.is_ascii_graphic() && !",\\".contains(letter) || letter == ' '
            );
            assert_eq!(unescape(&shown), Some(letter.to_string()));
        }
    }

    #[test]
    fn invalid_bytes_are_an_error_null_or_shown_as_such() {
        for (kind, payload, shown) in [
            ("bool", &[7][..], "invalid:07"),
            ("u8{idle=0}", &[1], "invalid:01"),
            ("text[9]", b"\xFFabcdefgh", "invalid:ff61626364656667…"),
        ] {
            let schema = field(kind);
            let field = &schema.fields()[0];
            let Err(error) = values::format(payload, field) else { panic!("{kind}") };
            assert!(error.to_string().contains("the field 'f' holds the bytes"), "{error}");
            assert_eq!(values::excerpt(payload, field), shown);
            let object = serde_json::to_string(&values::to_object(payload, [field]));
            assert!(object.is_ok_and(|json| json == r#"{"f":null}"#));
        }
    }
}
