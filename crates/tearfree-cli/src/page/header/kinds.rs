// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the kinds of a schema are called in C, Rust and Python.

use tearfree_page::Field;

use crate::outcome::Problem;

/// A number in each language.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Number {
    /// In a schema, and in Rust.
    pub(super) name: &'static str,
    pub(super) c: &'static str,
    /// An attribute of ctypes, and how many of it are one number.
    pub(super) python: (&'static str, usize),
}

const NUMBERS: [Number; 12] = [
    Number::new("u8", "uint8_t", ("c_uint8", 1)),
    Number::new("u16", "uint16_t", ("c_uint16", 1)),
    Number::new("u32", "uint32_t", ("c_uint32", 1)),
    Number::new("u64", "uint64_t", ("c_uint64", 1)),
    Number::new("u128", "__extension__ unsigned __int128", ("c_uint64", 2)),
    Number::new("i8", "int8_t", ("c_int8", 1)),
    Number::new("i16", "int16_t", ("c_int16", 1)),
    Number::new("i32", "int32_t", ("c_int32", 1)),
    Number::new("i64", "int64_t", ("c_int64", 1)),
    Number::new("i128", "__extension__ __int128", ("c_uint64", 2)),
    Number::new("f32", "float", ("c_float", 1)),
    Number::new("f64", "double", ("c_double", 1)),
];

impl Number {
    const fn new(name: &'static str, c: &'static str, python: (&'static str, usize)) -> Self {
        Number { name, c, python }
    }

    fn find(name: &str) -> Option<&'static Number> {
        NUMBERS.iter().find(|number| number.name == name)
    }
}

/// The kind of a field.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number(&'static Number),
    /// One byte, 0 or 1.
    Bool,
    /// UTF-8 of so many bytes, padded with NULs.
    Text(usize),
    /// Named numbers, each name with its number.
    Enum(&'static Number, Vec<(String, String)>),
}

impl Kind {
    pub(super) fn find(field: &Field) -> Result<Self, Problem> {
        Self::parse(&field.kind().to_string()).ok_or_else(|| {
            Problem::new(
                format_args!(
                    "cannot declare the field {field}: this program does not know its kind"
                ),
                "Declare it by hand, or use a newer version of this program.",
            )
        })
    }

    /// Parses a kind as a schema has it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(number) = Number::find(text) {
            return Some(Kind::Number(number));
        }
        if let Some(size) = text.strip_prefix("text[").and_then(|size| size.strip_suffix(']')) {
            return size.parse().ok().map(Kind::Text);
        }
        if let Some((number, names)) = text.split_once('{') {
            let pair = |pair: &str| {
                let (name, number) = pair.split_once('=')?;
                Some((name.to_owned(), number.to_owned()))
            };
            let names = names.strip_suffix('}')?.split(',').map(pair).collect::<Option<_>>()?;
            return Some(Kind::Enum(Number::find(number)?, names));
        }
        (text == "bool").then_some(Kind::Bool)
    }

    /// Returns the type and the dimensions behind the name in C.
    pub(super) fn c(&self) -> (&'static str, String) {
        match self {
            Kind::Number(number) | Kind::Enum(number, _) => (number.c, String::new()),
            Kind::Bool => ("uint8_t", String::new()),
            Kind::Text(size) => ("char", format!("[{size}]")),
        }
    }

    /// Returns the type in Rust. `enum_name` is the one that is declared for named numbers.
    pub(super) fn rust(&self, enum_name: &str) -> String {
        match self {
            Kind::Number(number) => number.name.to_owned(),
            Kind::Bool => "bool".to_owned(),
            Kind::Text(size) => format!("tearfree_page::Text<{size}>"),
            Kind::Enum(..) => enum_name.to_owned(),
        }
    }

    /// Returns the type in Python. It is a product, which needs parentheses before another factor.
    pub(super) fn python(&self) -> (String, bool) {
        match self {
            Kind::Number(number) | Kind::Enum(number, _) => match number.python {
                (name, 1) => (format!("ctypes.{name}"), false),
                (name, halves) => (format!("ctypes.{name} * {halves}"), true),
            },
            Kind::Bool => ("ctypes.c_bool".to_owned(), false),
            Kind::Text(size) => (format!("ctypes.c_char * {size}"), true),
        }
    }

    /// What the type does not say about the value.
    pub(super) fn note(&self) -> Option<String> {
        match self {
            Kind::Number(_) => None,
            Kind::Bool => Some("0 or 1".to_owned()),
            Kind::Text(_) => Some("UTF-8, padded with NULs; the last byte may be text".to_owned()),
            Kind::Enum(_, names) => {
                let names: Vec<_> = names.iter().map(|(name, n)| format!("{name}={n}")).collect();
                Some(names.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_type_in_each_language() {
        for (name, _) in tearfree_page::NumberKind::NAMES {
            let Some(Kind::Number(number)) = Kind::parse(name) else { panic!("{name}") };
            assert_eq!(number.name, name);
        }
        for (kind, c, rust, python) in [
            ("u128", "__extension__ unsigned __int128", "u128", "ctypes.c_uint64 * 2"),
            ("bool", "uint8_t", "bool", "ctypes.c_bool"),
            ("text[16]", "char[16]", "tearfree_page::Text<16>", "ctypes.c_char * 16"),
            ("i16{down=-1,up=1}", "int16_t", "State", "ctypes.c_int16"),
        ] {
            let Some(kind) = Kind::parse(kind) else { panic!("{kind}") };
            let (base, dimension) = kind.c();
            assert_eq!(base.to_owned() + &dimension, c);
            assert_eq!((kind.rust("State").as_str(), kind.python().0.as_str()), (rust, python));
        }
        let Some(kind) = Kind::parse("i16{down=-1,up=1}") else { panic!("named numbers") };
        assert_eq!(kind.note().as_deref(), Some("down=-1, up=1"));
        for unknown in ["uuid<16>", "text[x]", "text", "u8{a}", "f99{a=1}", ""] {
            assert_eq!(Kind::parse(unknown), None, "{unknown}");
        }
    }
}
