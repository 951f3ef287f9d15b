// SPDX-License-Identifier: MIT OR Apache-2.0
//! The user's locale: whether a table may have characters beyond ASCII.

use std::borrow::Cow;
use std::env;
use std::ffi::OsString;

/// Converts text to what the user's locale has. Data that is printed as it is, such as JSON and the lines of `tail`,
/// is not converted.
pub(crate) fn in_locale(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_utf8(|name| env::var_os(name)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(in_ascii(text))
}

/// Whether the locale's characters are those of Unicode. The first of these variables that is not empty decides, as in
/// the C library; without one, the locale is C, which has ASCII only.
fn is_utf8(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let mut set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable);
    let name = set.find(|name| !name.is_empty()).unwrap_or_default();
    let name = name.to_string_lossy().to_ascii_lowercase();
    let (_, encoding) = name.split_once('.').unwrap_or_default();
    let (encoding, _) = encoding.split_once('@').unwrap_or((encoding, ""));
    ["utf-8", "utf8"].contains(&encoding)
}

/// Replaces what this command draws, and escapes other characters as `page set` reads them.
fn in_ascii(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '─' => ascii.push('-'),
            '…' => ascii.push_str("..."),
            _ if letter.is_ascii() => ascii.push(letter),
            _ => ascii.extend(letter.escape_unicode()),
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_not_empty_decides() {
        let decided = |all: &str, kind: &str, lang: &str| {
            is_utf8(|name| {
                Some(match name {
                    "LC_ALL" => all.into(),
                    "LC_CTYPE" => kind.into(),
                    _ => lang.into(),
                })
            })
        };
        for name in ["en_US.UTF-8", "C.utf8", "C.UTF8", "de_DE.utf-8@euro"] {
            assert!(decided("", "", name) && decided(name, "C", "C") && decided("", name, "C"));
        }
        for name in ["", "C", "POSIX", "de_DE", "de_DE@euro", "de_DE.ISO-8859-15@euro", "utf8"] {
            assert!(!decided(name, "", "") && !decided("", name, ""), "{name}");
        }
        assert!(!decided("C", "C.UTF-8", "C.UTF-8") && !decided("", "C", "C.UTF-8"));
        assert!(!is_utf8(|_| None), "without a variable the locale is C");
    }

    #[test]
    fn characters_beyond_ascii_are_replaced_or_escaped() {
        assert_eq!(in_ascii("── a,… 2 more é\u{1b}"), "-- a,... 2 more \\u{e9}\u{1b}");
    }
}
