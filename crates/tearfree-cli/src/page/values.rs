// SPDX-License-Identifier: MIT OR Apache-2.0
//! Converts between the bytes of a payload and text.

use serde_json::{Number, Value};
use tearfree_page::{Field, NumberKind, Schema};

use super::kinds;
use crate::outcome::Problem;

/// The most characters of a value in a table.
const WIDEST: usize = 64;

/// Splits `price:f64=99.5` into `price:f64` and `99.5`, and `state:u8{idle=0}=idle` behind its kind.
pub(crate) fn split_value(field: &str) -> (&str, Option<&str>) {
    let kind = match (field.find('{'), field.find('=')) {
        (Some(brace), Some(equals)) if brace < equals => field.find('}').unwrap_or(brace),
        _ => 0,
    };
    let equals = field[kind..].find('=').map(|at| kind + at);
    equals.map_or((field, None), |at| (&field[..at], Some(&field[at + 1..])))
}

/// Finds the field of this name.
pub(crate) fn find_field<'a>(schema: &'a Schema, name: &str) -> Result<&'a Field, Problem> {
    schema.fields().iter().find(|field| field.name() == name).ok_or_else(|| {
        Problem::new(
            format_args!("the page has no field '{name}'; it has {schema}"),
            "Use one of these names.",
        )
    })
}

/// Parses a value and stores it in a payload.
pub(crate) fn store(payload: &mut [u8], field: &Field, text: &str) -> Result<(), Problem> {
    let values = kinds::split_elements(field, text);
    let wanted = field.count().unwrap_or(1);
    if values.len() != wanted {
        return Err(Problem::new(
            format_args!("'{text}' has {} values, but {field} takes {wanted}", values.len()),
            "Give all values, separated by commas.",
        ));
    }
    let elements = payload[field.bytes()].chunks_exact_mut(field.kind().size());
    for (element, value) in elements.zip(values) {
        let bytes = kinds::parse(field.kind(), value).ok_or_else(|| {
            Problem::new(
                format_args!("'{value}' is not a valid {} for {field}", field.kind()),
                kinds::advice(field.kind()),
            )
        })?;
        element.copy_from_slice(&bytes);
    }
    Ok(())
}

/// A number in at most forty characters.
trait Short: core::fmt::Display + Sized {
    fn short(self) -> String {
        self.to_string()
    }
}

macro_rules! integers {
    ($($number:ty),*) => { $(impl Short for $number {})* };
}

macro_rules! floats {
    ($($number:ty),*) => {$(
        impl Short for $number {
            /// With an exponent where there would be many zeros: from 1e16 on, and below 1e-4.
            fn short(self) -> String {
                let is_plain = self == 0.0 || (1e-4..1e16).contains(&self.abs());
                if is_plain { self.to_string() } else { format!("{self:e}") }
            }
        }
    )*};
}

integers! { u8, u16, u32, u64, u128, i8, i16, i32, i64, i128 }
floats! { f32, f64 }

macro_rules! kinds {
    ($($kind:ident => $number:ty),*) => {
        /// Parses a number of this kind; returns its bytes.
        pub(super) fn parse_number(kind: NumberKind, text: &str) -> Option<Vec<u8>> {
            match kind {
                $(NumberKind::$kind => text.parse().ok().map(|n: $number| n.to_ne_bytes().to_vec()),)*
            }
        }

        /// Formats a number as the shortest text that parses to it.
        pub(super) fn format_number(kind: NumberKind, bytes: &[u8]) -> String {
            match kind {
                $(NumberKind::$kind => bytes.try_into().map_or_else(
                    |_| String::new(),
                    |bytes| <$number>::from_ne_bytes(bytes).short(),
                ),)*
            }
        }
    };
}

kinds! {
    U8 => u8, U16 => u16, U32 => u32, U64 => u64, U128 => u128,
    I8 => i8, I16 => i16, I32 => i32, I64 => i64, I128 => i128,
    F32 => f32, F64 => f64
}

/// Returns the bytes of each element of a field.
fn elements<'a>(payload: &'a [u8], field: &Field) -> impl Iterator<Item = &'a [u8]> {
    payload[field.bytes()].chunks_exact(field.kind().size())
}

/// Formats a field as [`store`] parses it.
pub(crate) fn format(payload: &[u8], field: &Field) -> Result<String, Problem> {
    let values = elements(payload, field).map(|bytes| kinds::format(field.kind(), bytes));
    let values: Option<Vec<String>> = values.collect();
    values.map(|values| values.join(",")).ok_or_else(|| invalid(payload, field))
}

/// The error for a field that holds no value of its kind.
fn invalid(payload: &[u8], field: &Field) -> Problem {
    let bytes = &payload[field.bytes()];
    let shown = kinds::format_start(bytes);
    Problem::new(
        format_args!("the field '{}' holds the bytes {shown}, not {}", field.name(), field.kind()),
        "Set it to a value of its kind.",
    )
}

/// Formats a field for a table: its first elements, at most eight, in at most about [`WIDEST`] characters.
pub(crate) fn excerpt(payload: &[u8], field: &Field) -> String {
    const SHOWN: usize = 8;
    let value = |bytes| {
        let invalid = || format!("invalid:{}", kinds::format_start(bytes));
        cut(kinds::format(field.kind(), bytes).unwrap_or_else(invalid))
    };
    let (mut shown, mut len) = (Vec::new(), 0);
    for value in elements(payload, field).take(SHOWN).map(value) {
        len += value.chars().count() + ",".len();
        if len > WIDEST && !shown.is_empty() {
            break;
        }
        shown.push(value);
    }
    match field.count().unwrap_or(1).saturating_sub(shown.len()) {
        0 => shown.join(","),
        more => format!("{},… {more} more", shown.join(",")),
    }
}

/// Cuts the text of one value after [`WIDEST`] characters.
fn cut(text: String) -> String {
    match text.char_indices().nth(WIDEST) {
        Some((at, _)) => text[..at].to_owned() + "…",
        None => text,
    }
}

/// Converts a number to JSON. What a JSON number does not carry to every reader becomes a string: integers of 64
/// and 128 bits, which jq 1.6 and JavaScript round above 2^53, infinity and NaN.
pub(super) fn number_to_json(text: String, kind: NumberKind) -> Value {
    use NumberKind::{F32, F64, I64, I128, U64, U128};
    let integer = || text.parse::<i64>().ok().filter(|_| text != "-0").map(Number::from);
    let float = || text.parse().ok().and_then(Number::from_f64);
    let number = match kind {
        U64 | I64 | U128 | I128 => None,
        // A whole number is shown without a fraction, as the text form has it.
        F32 | F64 => integer().or_else(float),
        _ => integer(),
    };
    number.map_or_else(|| Value::String(text.clone()), Value::Number)
}

/// Converts a field to JSON.
pub(crate) fn to_json(payload: &[u8], field: &Field) -> Value {
    let value = |bytes| kinds::to_json(field.kind(), bytes);
    let mut all: Vec<Value> = elements(payload, field).map(value).collect();
    if field.count().is_none() { all.remove(0) } else { Value::Array(all) }
}

/// Converts these fields to a JSON object.
#[cfg(test)]
pub(crate) fn to_object<'a>(
    payload: &[u8],
    fields: impl IntoIterator<Item = &'a Field>,
) -> super::targets::FieldObject {
    let targets = fields.into_iter().map(super::targets::Target::whole).collect();
    super::targets::FieldObject { payload: payload.to_vec(), targets }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(schema: &str, values: &[(&str, &str)]) -> Result<(Schema, Vec<u8>), Problem> {
        let Ok(schema) = schema.parse::<Schema>() else { panic!("{schema}") };
        let mut payload = vec![0; schema.size()];
        for (name, value) in values {
            store(&mut payload, find_field(&schema, name)?, value)?;
        }
        Ok((schema, payload))
    }

    #[test]
    fn a_stored_value_is_formatted_as_it_was_given() {
        let values = [
            ("wide", "340282366920938463463374607431768211455"),
            ("price", "-99.5"),
            ("odd", "NaN"),
            ("few", "1,-2"),
            ("small", "0.1"),
        ];
        let schema = "wide:u128 price:f64 odd:f64 few:i16[2] small:f32 fill:u64";
        let Ok((schema, payload)) = stored(schema, &values) else { panic!("these fit") };
        for (name, value) in values {
            let Ok(field) = find_field(&schema, name) else { panic!("{name}") };
            assert!(format(&payload, field).is_ok_and(|shown| shown == value));
        }
        let Ok(object) = serde_json::to_value(to_object(&payload, schema.fields())) else {
            panic!("fields are JSON")
        };
        assert_eq!(object["wide"], values[0].1);
        assert_eq!(object["price"], -99.5);
        assert_eq!(object["odd"], "NaN");
        assert_eq!(object["few"], serde_json::json!([1, -2]));
        assert_eq!(object["small"], 0.1, "the shortest text");
        assert_eq!(
            object["fill"], "0",
            "a string whatever its value, so that its type never changes"
        );
    }

    #[test]
    fn json_numbers_are_those_that_every_reader_keeps() {
        let values = [
            ("a", "9007199254740993", r#""9007199254740993""#),
            ("b", "-9223372036854775808", r#""-9223372036854775808""#),
            ("c", "4294967295", "4294967295"),
            ("d", "-2147483648", "-2147483648"),
            ("e", "-0", "-0.0"),
            ("f", "-3", "-3"),
            ("g", "1,18446744073709551615", r#"["1","18446744073709551615"]"#),
        ];
        let given = values.map(|(name, text, _)| (name, text));
        let schema = "a:u64 b:i64 c:u32 d:i32 e:f64 f:f64 g:u64[2]";
        let Ok((schema, payload)) = stored(schema, &given) else { panic!("these fit") };
        for (name, _, json) in values {
            let Ok(field) = find_field(&schema, name) else { panic!("{name}") };
            assert_eq!(to_json(&payload, field).to_string(), json);
        }
    }

    #[test]
    fn a_long_array_is_cut_after_eight_elements() {
        let shown = |count: usize| {
            let numbers: Vec<_> = (1..=count).map(|number| number.to_string()).collect();
            let schema = format!("a:u8[{count}]");
            let Ok((schema, payload)) = stored(&schema, &[("a", &numbers.join(","))]) else {
                panic!("they fit")
            };
            excerpt(&payload, &schema.fields()[0])
        };
        assert_eq!(shown(8), "1,2,3,4,5,6,7,8");
        assert_eq!(shown(10), "1,2,3,4,5,6,7,8,… 2 more");
    }

    #[test]
    fn the_extremes_of_each_kind_fit_into_a_column() {
        let text = "x".repeat(300);
        let cases: [(&str, &str, &str); 17] = [
            ("f64", "-1.7976931348623157e308", "-1.7976931348623157e308"),
            ("f64", "5e-324", "5e-324"),
            ("f64", "-2.2250738585072014e-308", "-2.2250738585072014e-308"),
            ("f64", "10000000000000000", "1e16"),
            ("f64", "9999999999999998", "9999999999999998"),
            ("f64", "0.0001234567890123456", "0.0001234567890123456"),
            ("f64", "0.00009", "9e-5"),
            ("f64", "-0", "-0"),
            ("f64", "NaN", "NaN"),
            ("f64", "-inf", "-inf"),
            ("f32", "-3.4028235e38", "-3.4028235e38"),
            (
                "i128",
                "-170141183460469231731687303715884105728",
                "-170141183460469231731687303715884105728",
            ),
            (
                "u128",
                "340282366920938463463374607431768211455",
                "340282366920938463463374607431768211455",
            ),
            ("i64", "-9223372036854775808", "-9223372036854775808"),
            (
                "f64[3]",
                "-1.7976931348623157e308,1e300,-2.2250738585072014e-308",
                "-1.7976931348623157e308,1e300,-2.2250738585072014e-308",
            ),
            (
                "i128[2]",
                "-170141183460469231731687303715884105728,-170141183460469231731687303715884105728",
                "-170141183460469231731687303715884105728,… 1 more",
            ),
            ("text[300]", &text, &(text[..64].to_owned() + "…")),
        ];
        for (kind, given, shown) in cases {
            let Ok((schema, payload)) = stored(&format!("a:{kind}"), &[("a", given)]) else {
                panic!("{kind} takes {given}")
            };
            assert_eq!(excerpt(&payload, &schema.fields()[0]), shown, "{kind}");
            let Ok(whole) = format(&payload, &schema.fields()[0]) else { panic!("{given}") };
            let Ok((_, again)) = stored(&format!("a:{kind}"), &[("a", &whole)]) else {
                panic!("{kind} takes {whole}")
            };
            assert_eq!(again, payload, "{whole} is {given}");
        }
    }

    #[test]
    fn an_invalid_value_is_refused() {
        for (field, value, what) in [
            ("b", "256", "'256' is not a valid u8 for b:u8"),
            ("b", "-1", "is not a valid u8"),
            ("b", "", "is not a valid u8"),
            ("b", "1,2", "has 2 values, but b:u8 takes 1"),
            ("c", "1", "has 1 values, but c:u8[3] takes 3"),
            ("d", "1", "no field 'd'; it has b:u8 c:u8[3]"),
        ] {
            let Err(problem) = stored("b:u8 c:u8[3]", &[(field, value)]) else { panic!("{value}") };
            assert!(problem.to_string().contains(what), "{problem}");
        }
    }
}
