// SPDX-License-Identifier: MIT OR Apache-2.0
//! Parses a line of values: `price=99.5 qty=3`, or one JSON object. Formats one as it is parsed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;

use serde_json::value::RawValue;

use super::targets::{Target, split_assignment};
use crate::outcome::Problem;
use crate::terminal::PrintError;

/// The names and values of a line.
pub(crate) type Assignments<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// What the lines of an input are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineFormat {
    /// JSON if the line begins with a brace.
    Detect,
    /// JSON only.
    Json,
}

/// Parses a line. A blank one has no assignments.
pub(crate) fn parse(line: &[u8], format: LineFormat) -> Result<Assignments<'_>, Problem> {
    let line = core::str::from_utf8(line).map_err(|error| {
        Problem::new(
            format_args!("the line is not UTF-8 from byte {} on", error.valid_up_to() + 1),
            "Convert the input to UTF-8.",
        )
    })?;
    let line = line.trim();
    match format {
        LineFormat::Detect if !line.starts_with('{') => parse_words(line),
        _ if line.is_empty() => Ok(Vec::new()),
        LineFormat::Detect | LineFormat::Json => parse_object(line),
    }
}

/// Parses `name=value` words. A value with spaces is quoted as in JSON.
fn parse_words(line: &str) -> Result<Assignments<'_>, Problem> {
    let mut assignments = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (name, value) = split_assignment(&rest[..end])?;
        let begin = name.len() + 1;
        let (value, end) = match value.starts_with('"') {
            true => {
                unquote(name, &rest[begin..]).map(|(value, len)| (value.into(), begin + len))?
            }
            false => (value.into(), end),
        };
        assignments.push((name.into(), value));
        rest = rest[end..].trim_start();
    }
    Ok(assignments)
}

/// Parses one `name=value`, whose value may have spaces without quotes.
pub(crate) fn parse_argument(argument: &str) -> Result<(&str, Cow<'_, str>), Problem> {
    let (name, value) = split_assignment(argument)?;
    if !value.starts_with('"') {
        return Ok((name, value.into()));
    }
    match unquote(name, value)? {
        (text, len) if len == value.len() => Ok((name, text.into())),
        _ => Err(unquotable(name)),
    }
}

/// Parses a value that is quoted as in JSON, up to a space; returns its length in `text`, too.
fn unquote(name: &str, text: &str) -> Result<(String, usize), Problem> {
    let mut quoted = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let value = quoted.next().and_then(Result::ok);
    let end = quoted.byte_offset();
    let is_whole = text[end..].chars().next().is_none_or(char::is_whitespace);
    let value = value.filter(|_| is_whole).ok_or_else(|| unquotable(name))?;
    Ok((value, end))
}

fn unquotable(name: &str) -> Problem {
    Problem::new(
        format_args!("the quoted value of '{name}' is not complete"),
        r#"Quote it as JSON does, as in name="two words"."#,
    )
}

/// Parses an object of values, or one that has them under `fields`, as `get --json` prints.
fn parse_object(line: &str) -> Result<Assignments<'_>, Problem> {
    let mut object = parse_json::<BTreeMap<Cow<'_, str>, &RawValue>>(line)?;
    if let Some(fields) = object.get("fields").filter(|fields| fields.get().starts_with('{')) {
        object = parse_json(fields.get())?;
    }
    object.into_iter().map(|(name, value)| Ok((name, json_text(value.get())?))).collect()
}

/// Converts a JSON value to the text that a field takes. Numbers keep all their digits.
fn json_text(json: &str) -> Result<Cow<'_, str>, Problem> {
    match json.as_bytes().first() {
        // Where a comma or a backslash is text, a backslash goes before it.
        Some(b'"') => parse_json::<String>(json)
            .map(|text| text.replace('\\', r"\\").replace(',', r"\,").into()),
        Some(b'[') => {
            let elements = parse_json::<Vec<&RawValue>>(json)?;
            let texts = elements.iter().map(|element| json_text(element.get()));
            let texts = texts.collect::<Result<Vec<_>, _>>()?;
            Ok(Cow::Owned(texts.join(",")))
        }
        _ => Ok(Cow::Borrowed(json)),
    }
}

fn parse_json<'a, T: serde::Deserialize<'a>>(json: &'a str) -> Result<T, Problem> {
    serde_json::from_str(json).map_err(|error| {
        Problem::new(
            format_args!("invalid JSON: {error}"),
            r#"Write one object a line, as in {"price": 99.5, "qty": 3}."#,
        )
    })
}

/// Writes values as [`parse`] reads them: `price=99.5 qty=3`.
pub(crate) fn write_words(
    payload: &[u8],
    targets: &[Target],
    out: &mut impl Write,
) -> Result<(), PrintError> {
    for (index, target) in targets.iter().enumerate() {
        let space = if index == 0 { "" } else { " " };
        write!(out, "{space}{}=", target.name())?;
        target.write_word(payload, out)?;
    }
    Ok(out.write_all(b"\n")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Vec<(String, String)> {
        let Ok(assignments) = parse(line.as_bytes(), LineFormat::Detect) else { panic!("{line}") };
        assignments.into_iter().map(|(n, v)| (n.into_owned(), v.into_owned())).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn words_are_names_and_values() {
        for (line, expected) in [
            ("", &[][..]),
            (" \t\r", &[]),
            ("price=99.5 qty=3", &[("price", "99.5"), ("qty", "3")]),
            ("  h[2]=5\tlast=1,-2,3\r", &[("h[2]", "5"), ("last", "1,-2,3")]),
            ("a=", &[("a", "")]),
            ("a=b=c", &[("a", "b=c")]),
            (
                r#"name="two words" b="a\"=\u00e9" c=1"#,
                &[("name", "two words"), ("b", "a\"=é"), ("c", "1")],
            ),
        ] {
            assert_eq!(parsed(line), pairs(expected), "{line}");
        }
    }

    #[test]
    fn an_argument_is_one_name_and_value() {
        for (argument, expected) in [
            ("a=two words", ("a", "two words")),
            (r#"a="two words""#, ("a", "two words")),
            (r#"a="\u00e9\\\\""#, ("a", r"é\\")),
            (r#"a=x"y""#, ("a", r#"x"y""#)),
        ] {
            let Ok((name, value)) = parse_argument(argument) else { panic!("{argument}") };
            assert_eq!((name, &*value), expected);
        }
        for argument in ["a", "a=\"x", "a=\"x\"y", "a=\"x\" y"] {
            assert!(parse_argument(argument).is_err(), "{argument}");
        }
    }

    #[test]
    fn objects_are_names_and_values_with_all_digits() {
        for (line, expected) in [
            (r#" {"b": 1.50, "a": [1, -2 ,"NaN"]} "#, &[("a", "1,-2,NaN"), ("b", "1.50")][..]),
            (
                r#"{"wide": 340282366920938463463374607431768211455}"#,
                &[("wide", "340282366920938463463374607431768211455")],
            ),
            (
                r#"{"page": "x", "fields": {"a": 1, "b\u0041": "c d"}, "n": 2}"#,
                &[("a", "1"), ("bA", "c d")],
            ),
            (r#"{"fields": 5, "on": true}"#, &[("fields", "5"), ("on", "true")]),
            (r#"{"t": "a,b\\c", "u": ["d,e", "f"]}"#, &[("t", r"a\,b\\c"), ("u", r"d\,e,f")]),
            ("{}", &[]),
        ] {
            assert_eq!(parsed(line), pairs(expected), "{line}");
        }
    }

    #[test]
    fn an_invalid_line_is_refused() {
        for (line, what) in [
            (&b"price"[..], "'price' has no value"),
            (b"a=1 b", "'b' has no value"),
            (b"a=\"x", "the quoted value of 'a' is not complete"),
            (b"a=\"x\"y", "the quoted value of 'a' is not complete"),
            (b"{\"a\": 1", "invalid JSON"),
            (b"{\"a\": 1} b=2", "invalid JSON"),
            (b"a=\xff", "not UTF-8 from byte 3 on"),
        ] {
            let Err(problem) = parse(line, LineFormat::Detect) else { panic!("{what}") };
            assert!(problem.to_string().contains(what), "{problem}");
        }
        assert!(parse(b"a=1", LineFormat::Json).is_err());
        assert!(parse(b"[1]", LineFormat::Json).is_err());
        assert!(parse(b" ", LineFormat::Json).is_ok());
    }
}
