// SPDX-License-Identifier: MIT OR Apache-2.0
//! Between the bytes of a payload and what people write.

use serde::{Serialize, Serializer};
use serde_json::{Number, Value};
use tearfree_page::{Field, NumberKind, Schema};

use crate::outcome::Problem;

/// Splits `price:f64=99.5` into `price:f64` and `99.5`.
pub(crate) fn split(field: &str) -> (&str, Option<&str>) {
    field.split_once('=').map_or((field, None), |(field, value)| (field, Some(value)))
}

/// The field of this name.
pub(crate) fn find<'a>(schema: &'a Schema, name: &str) -> Result<&'a Field, Problem> {
    schema.fields().iter().find(|field| field.name() == name).ok_or_else(|| {
        Problem::new(
            format_args!("the page has no field '{name}', it has: {schema}"),
            "Use one of these names.",
        )
    })
}

/// Puts the value that somebody wrote into a payload.
pub(crate) fn put(payload: &mut [u8], field: &Field, text: &str) -> Result<(), Problem> {
    let numbers: Vec<&str> = text.split(',').map(str::trim).collect();
    let wanted = field.count().unwrap_or(1);
    if numbers.len() != wanted {
        return Err(Problem::new(
            format_args!("'{text}' is {} numbers, and {field} takes {wanted}", numbers.len()),
            "Give all of them, with commas between them.",
        ));
    }
    let places = payload[field.bytes()].chunks_exact_mut(field.kind().size());
    for (place, number) in places.zip(numbers) {
        let bytes = parse(field.kind(), number).ok_or_else(|| {
            Problem::new(
                format_args!("'{number}' is no {}, which {field} takes", field.kind()),
                "Give a number of that kind, within its limits.",
            )
        })?;
        place.copy_from_slice(&bytes);
    }
    Ok(())
}

macro_rules! kinds {
    ($($kind:ident => $number:ty),*) => {
        /// The bytes of a number, if it is one of this kind.
        fn parse(kind: NumberKind, text: &str) -> Option<Vec<u8>> {
            match kind {
                $(NumberKind::$kind => text.parse().ok().map(|n: $number| n.to_ne_bytes().to_vec()),)*
            }
        }

        /// A number as text, as short as it can be without loss.
        fn show(kind: NumberKind, bytes: &[u8]) -> String {
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
    elements.map(|bytes| show(field.kind(), bytes)).collect()
}

/// A field for people, and as [`put`] takes it.
pub(crate) fn text(payload: &[u8], field: &Field) -> String {
    numbers(payload, field).join(",")
}

/// As [`text`], with what there is no room for in a table left out.
pub(crate) fn excerpt(payload: &[u8], field: &Field) -> String {
    const SHOWN: usize = 8;
    let numbers = numbers(payload, field);
    match numbers.len().checked_sub(SHOWN) {
        None | Some(0) => numbers.join(","),
        Some(more) => format!("{},… {more} more", numbers[..SHOWN].join(",")),
    }
}

/// A field as JSON. What JSON has no number for (wide integers, infinity, NaN) is a string.
fn json(payload: &[u8], field: &Field) -> Value {
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
pub(crate) struct Object(Vec<(String, Value)>);

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// The values of these fields.
pub(crate) fn object<'a>(payload: &[u8], fields: impl IntoIterator<Item = &'a Field>) -> Object {
    let pair = |field: &Field| (field.name().to_owned(), json(payload, field));
    Object(fields.into_iter().map(pair).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(schema: &str, values: &[(&str, &str)]) -> Result<(Schema, Vec<u8>), Problem> {
        let Ok(schema) = schema.parse::<Schema>() else { panic!("{schema}") };
        let mut payload = vec![0; schema.size()];
        for (name, value) in values {
            put(&mut payload, find(&schema, name)?, value)?;
        }
        Ok((schema, payload))
    }

    #[test]
    fn what_is_put_in_comes_out() {
        let values = [
            ("wide", "340282366920938463463374607431768211455"),
            ("price", "-99.5"),
            ("odd", "NaN"),
            ("few", "1,-2"),
            ("small", "0.1"),
        ];
        let text_of = "wide:u128 price:f64 odd:f64 few:i16[2] small:f32 fill:u64";
        let Ok((schema, payload)) = after(text_of, &values) else { panic!("these fit") };
        for (name, value) in values {
            let Ok(field) = find(&schema, name) else { panic!("{name}") };
            assert_eq!(text(&payload, field), value);
        }
        let Ok(object) = serde_json::to_value(object(&payload, schema.fields())) else {
            panic!("fields are JSON")
        };
        assert_eq!(object["wide"], values[0].1);
        assert_eq!(object["price"], -99.5);
        assert_eq!(object["odd"], "NaN");
        assert_eq!(object["few"], serde_json::json!([1, -2]));
        assert_eq!(object["small"], 0.1, "as short as it was written");
        assert_eq!(object["fill"], 0);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (field, value, what) in [
            ("b", "256", "'256' is no u8"),
            ("b", "-1", "is no u8"),
            ("b", "", "is no u8"),
            ("b", "1,2", "is 2 numbers, and b:u8 takes 1"),
            ("c", "1", "is 1 numbers, and c:u8[3] takes 3"),
            ("d", "1", "no field 'd', it has: b:u8 c:u8[3]"),
        ] {
            let Err(problem) = after("b:u8 c:u8[3]", &[(field, value)]) else { panic!("{value}") };
            assert!(problem.to_string().contains(what), "{problem}");
        }
    }
}
