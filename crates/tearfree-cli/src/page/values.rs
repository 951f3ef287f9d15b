// SPDX-License-Identifier: MIT OR Apache-2.0
//! Converts between the bytes of a payload and text.

use serde::{Serialize, Serializer};
use serde_json::{Number, Value};
use tearfree_page::{Field, NumberKind, Schema};

use crate::outcome::Problem;

/// Splits `price:f64=99.5` into `price:f64` and `99.5`.
pub(crate) fn split_value(field: &str) -> (&str, Option<&str>) {
    field.split_once('=').map_or((field, None), |(field, value)| (field, Some(value)))
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
    let numbers: Vec<&str> = text.split(',').map(str::trim).collect();
    let wanted = field.count().unwrap_or(1);
    if numbers.len() != wanted {
        return Err(Problem::new(
            format_args!("'{text}' has {} numbers, but {field} takes {wanted}", numbers.len()),
            "Give all numbers, separated by commas.",
        ));
    }
    let elements = payload[field.bytes()].chunks_exact_mut(field.kind().size());
    for (element, number) in elements.zip(numbers) {
        let bytes = parse(field.kind(), number).ok_or_else(|| {
            Problem::new(
                format_args!("'{number}' is not a valid {} for {field}", field.kind()),
                "Give a number of that kind, within its range.",
            )
        })?;
        element.copy_from_slice(&bytes);
    }
    Ok(())
}

macro_rules! kinds {
    ($($kind:ident => $number:ty),*) => {
        /// Parses a number of this kind; returns its bytes.
        fn parse(kind: NumberKind, text: &str) -> Option<Vec<u8>> {
            match kind {
                $(NumberKind::$kind => text.parse().ok().map(|n: $number| n.to_ne_bytes().to_vec()),)*
            }
        }

        /// Formats a number as the shortest text that parses to it.
        fn format_number(kind: NumberKind, bytes: &[u8]) -> String {
            match kind {
                $(NumberKind::$kind => bytes.try_into().map_or_else(
                    |_| String::new(),
                    |bytes| <$number>::from_ne_bytes(bytes).to_string(),
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

fn numbers(payload: &[u8], field: &Field) -> Vec<String> {
    let elements = payload[field.bytes()].chunks_exact(field.kind().size());
    elements.map(|bytes| format_number(field.kind(), bytes)).collect()
}

/// Formats a field as [`store`] parses it.
pub(crate) fn format(payload: &[u8], field: &Field) -> String {
    numbers(payload, field).join(",")
}

/// Formats a field for a table, without the elements that do not fit.
pub(crate) fn excerpt(payload: &[u8], field: &Field) -> String {
    const SHOWN: usize = 8;
    let numbers = numbers(payload, field);
    match numbers.len().checked_sub(SHOWN) {
        None | Some(0) => numbers.join(","),
        Some(more) => format!("{},… {more} more", numbers[..SHOWN].join(",")),
    }
}

/// Converts a field to JSON. What JSON has no number for (wide integers, infinity, NaN) becomes a string.
fn to_json(payload: &[u8], field: &Field) -> Value {
    let number = |text: String| {
        let number = text.parse::<u64>().map(Number::from).ok();
        let number = number.or_else(|| text.parse::<i64>().map(Number::from).ok());
        let is_float = matches!(field.kind(), NumberKind::F32 | NumberKind::F64);
        let float = || text.parse().ok().filter(|_| is_float).and_then(Number::from_f64);
        number.or_else(float).map_or_else(|| Value::String(text.clone()), Value::Number)
    };
    let mut all: Vec<Value> = numbers(payload, field).into_iter().map(number).collect();
    if field.count().is_none() { all.remove(0) } else { Value::Array(all) }
}

/// Fields as one JSON object, in the order of the schema.
#[derive(Debug)]
pub(crate) struct FieldObject(Vec<(String, Value)>);

impl Serialize for FieldObject {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Converts these fields to a JSON object.
pub(crate) fn to_object<'a>(
    payload: &[u8],
    fields: impl IntoIterator<Item = &'a Field>,
) -> FieldObject {
    let pair = |field: &Field| (field.name().to_owned(), to_json(payload, field));
    FieldObject(fields.into_iter().map(pair).collect())
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
            assert_eq!(format(&payload, field), value);
        }
        let Ok(object) = serde_json::to_value(to_object(&payload, schema.fields())) else {
            panic!("fields are JSON")
        };
        assert_eq!(object["wide"], values[0].1);
        assert_eq!(object["price"], -99.5);
        assert_eq!(object["odd"], "NaN");
        assert_eq!(object["few"], serde_json::json!([1, -2]));
        assert_eq!(object["small"], 0.1, "the shortest text");
        assert_eq!(object["fill"], 0);
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
    fn an_invalid_value_is_refused() {
        for (field, value, what) in [
            ("b", "256", "'256' is not a valid u8 for b:u8"),
            ("b", "-1", "is not a valid u8"),
            ("b", "", "is not a valid u8"),
            ("b", "1,2", "has 2 numbers, but b:u8 takes 1"),
            ("c", "1", "has 1 numbers, but c:u8[3] takes 3"),
            ("d", "1", "no field 'd'; it has b:u8 c:u8[3]"),
        ] {
            let Err(problem) = stored("b:u8 c:u8[3]", &[(field, value)]) else { panic!("{value}") };
            assert!(problem.to_string().contains(what), "{problem}");
        }
    }
}
