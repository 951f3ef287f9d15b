// SPDX-License-Identifier: MIT OR Apache-2.0
//! Fields and elements by name, and arrays that are converted in parts.

use super::*;

fn schema(text: &str) -> Schema {
    let Ok(schema) = text.parse() else { panic!("{text}") };
    schema
}

fn text(target: &Target, payload: &[u8]) -> String {
    let mut out = Vec::new();
    let Ok(()) = target.write_text(payload, &mut out) else { panic!("memory takes it") };
    String::from_utf8_lossy(&out).into_owned()
}

#[test]
fn elements_are_stored_and_formatted_where_they_are() {
    let schema = schema("first:u32 h:i16[6] last:f64[2] end:f64");
    let mut payload = vec![0; schema.size()];
    let values =
        [("h[2]", "5"), ("h[3..5]", "-6,7"), ("last[1]", "0.5"), ("h[5..]", "9"), ("end", "1")];
    let Ok(()) = assign(&values, &schema, &mut payload) else { panic!("they fit") };
    for (name, value) in [
        ("h", "0,0,5,-6,7,9"),
        ("h[2]", "5"),
        ("h[..3]", "0,0,5"),
        ("h[4..6]", "7,9"),
        ("h[..]", "0,0,5,-6,7,9"),
        ("last", "0,0.5"),
        ("first", "0"),
        ("end", "1"),
    ] {
        let Ok(target) = Target::find(&schema, name) else { panic!("{name}") };
        assert_eq!((text(&target, &payload).as_str(), target.name()), (value, name));
        let Ok(()) = target.store(&mut payload, value) else { panic!("{value} fits into {name}") };
        assert_eq!(text(&target, &payload), value, "{name}");
    }
}

#[test]
fn elements_are_numbers_or_lists_in_json() {
    let schema = schema("h:u8[6]");
    let targets = ["h[2]", "h[2..3]", "h"].map(|name| {
        let Ok(target) = Target::find(&schema, name) else { panic!("{name}") };
        target
    });
    let object = FieldObject { payload: vec![1, 2, 3, 4, 5, 6], targets: targets.to_vec() };
    let Ok(json) = serde_json::to_string(&object) else { panic!("it is JSON") };
    assert_eq!(json, r#"{"h[2]":3,"h[2..3]":[3],"h":[1,2,3,4,5,6]}"#);
}

#[test]
fn a_long_array_is_converted_in_parts() {
    const COUNT: usize = 2 * PART + 3;
    let schema = schema(&format!("x:u16 h:u16[{COUNT}]"));
    let numbers: Vec<String> = (0..COUNT).map(|number| number.to_string()).collect();
    let (numbers, mut payload) = (numbers.join(","), vec![0; schema.size()]);
    let target = Target::whole(&schema.fields()[1]);
    let Ok(()) = target.store(&mut payload, &numbers) else { panic!("they fit") };
    assert_eq!(text(&target, &payload), numbers);
    let object = FieldObject { payload: payload.clone(), targets: vec![target.clone()] };
    let Ok(json) = serde_json::to_string(&object) else { panic!("it is JSON") };
    assert_eq!(json, format!("{{\"h\":[{numbers}]}}"));
    for wrong in [format!("{numbers},1"), "1,2".to_owned(), numbers.replace(",5000,", ",x,")] {
        assert!(target.store(&mut payload, &wrong).is_err());
    }
    // Some elements of it are converted in parts, too, and counted from where they begin.
    let Ok(most) = Target::find(&schema, &format!("h[1..{}]", COUNT - 1)) else {
        panic!("in range")
    };
    assert!(text(&most, &payload).starts_with("1,2,3,"));
    assert!(text(&most, &payload).ends_with(&format!(",{}", COUNT - 2)));
}

#[test]
fn an_invalid_name_is_refused() {
    let schema = schema("h:u8[3] x:u8");
    for (name, what) in [
        ("h[3]", "'h[3]' is out of range: h:u8[3] has 3 elements"),
        ("h[1..4]", "Use indexes from 0 to 2"),
        ("h[2..2]", "is out of range"),
        ("h[2..1]", "is out of range"),
        ("h[4..]", "is out of range"),
        ("h[18446744073709551615]", "invalid index"),
        ("h[99999999999999999999]", "invalid index"),
        ("h[]", "invalid index"),
        ("h[-1]", "invalid index"),
        ("h[+1]", "invalid index"),
        ("h[1", "invalid index in 'h[1'"),
        ("h[1]2", "invalid index"),
        ("h[1...2]", "invalid index"),
        ("x[0]", "x:u8 is not an array\n  Write 'x' without the brackets."),
        ("y[0]", "no field 'y'"),
    ] {
        let Err(problem) = Target::find(&schema, name) else { panic!("{name}") };
        assert!(problem.to_string().contains(what), "{what} in {problem}");
    }
}
