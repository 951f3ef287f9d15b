// SPDX-License-Identifier: MIT OR Apache-2.0
//! `page publish`: which lines are published, and how it ends.

use core::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::json;

use crate::support::{Pages, Running, until};

#[test]
fn each_valid_line_is_one_publication_and_an_invalid_one_is_none() {
    let pages = Pages::new();
    pages.succeed("create", "rates", &["price:f64=1", "qty:u64=2", "h:i16[4]"]);
    let input = "price=1.5 qty=3\n\
                 price=9 qty=x\n\
                 \n\
                 {\"h\": [1, -2, 3, 4], \"qty\": 4}\n\
                 nonsense\n\
                 h[1]=7\r\n\
                 h[4]=7\n\
                 h=5,5 qty=9\n\
                 price=2.5";
    let (code, errors) = pages.publish("rates", &[], input.as_bytes());
    assert_eq!(code, Some(1));
    for expected in [
        "line 2: 'x' is not a valid u64 for qty:u64",
        "line 5: 'nonsense' has no value",
        "line 7: 'h[4]' is out of range",
        "line 8: '5,5' has 2 ",
        "4 of 9 lines were invalid and not published",
    ] {
        assert!(errors.contains(expected), "{expected} in {errors}");
    }
    let page = pages.json("rates");
    assert_eq!(page["fields"], json!({"price": 2.5, "qty": "4", "h": [1, 7, 3, 4]}));
    assert_eq!(page["generation"], "4", "one for each valid line");
    assert_eq!(page["writer"]["state"], "ended");
    let (code, errors) = pages.publish("rates", &[], b"price=3\n");
    assert_eq!((code, errors.as_str()), (Some(0), ""));
}

#[test]
fn an_invalid_line_leaves_no_part_of_it_in_the_next_publication() {
    let pages = Pages::new();
    pages.succeed("create", "rates", &["price:f64=1", "h:i16[4]=1,2,3,4"]);
    let (code, _) = pages.publish("rates", &[], b"price=9 h[0]=9 h=7,8,x,9\nh[1]=5\n");
    assert_eq!(code, Some(1));
    assert_eq!(pages.json("rates")["fields"], json!({"price": 1, "h": [1, 5, 3, 4]}));
}

#[test]
fn strict_ends_at_the_first_invalid_line() {
    let pages = Pages::new();
    pages.succeed("create", "rates", &["a:u64"]);
    let (code, errors) = pages.publish("rates", &["--strict"], b"a=1\na=-1\na=2\n");
    assert_eq!(code, Some(1));
    assert!(errors.contains("line 2: '-1' is not a valid u64"), "{errors}");
    assert_eq!(pages.succeed("get", "rates", &["a"]), "1\n");
}

#[test]
fn the_errors_of_a_long_input_are_counted() {
    let pages = Pages::new();
    pages.succeed("create", "rates", &["a:u64"]);
    let (code, errors) = pages.publish("rates", &[], &b"a=x\n".repeat(1000));
    assert_eq!(code, Some(1));
    assert_eq!(errors.matches("is not a valid u64").count(), 20);
    assert!(errors.contains("1000 of 1000 lines were invalid"), "{errors}");
}

#[test]
fn json_input_takes_nothing_else() {
    let pages = Pages::new();
    pages.succeed("create", "rates", &["a:u64", "wide:u64[2]"]);
    let input = b"{\"a\": 18446744073709551615}\na=5\n";
    let (code, errors) = pages.publish("rates", &["--json-input"], input);
    assert_eq!(code, Some(1));
    assert!(errors.contains("line 2: invalid JSON"), "{errors}");
    assert_eq!(pages.succeed("get", "rates", &["a"]), "18446744073709551615\n");
    // What `get` prints is taken, too.
    let whole = pages.succeed("get", "rates", &["--json"]);
    pages.succeed("set", "rates", &["a=1"]);
    assert_eq!(pages.publish("rates", &["--json-input"], whole.as_bytes()).0, Some(0));
    assert_eq!(pages.succeed("get", "rates", &["a"]), "18446744073709551615\n");
}

#[test]
fn each_of_many_lines_is_published() {
    const LINES: u64 = 200_000;
    let pages = Pages::new();
    let mut input = String::new();
    for number in 1..=LINES {
        _ = writeln!(input, "a={number} b={}", LINES - number);
    }
    let args = ["--create", "a:u64", "b:u64"];
    assert_eq!(pages.publish("many", &args, input.as_bytes()), (Some(0), String::new()));
    let page = pages.json("many");
    assert_eq!(
        (&page["fields"], &page["generation"]),
        (&json!({"a": LINES.to_string(), "b": "0"}), &json!(LINES.to_string()))
    );
}

/// Lines that are longer than what is read at once, beside short ones.
#[test]
fn long_lines_are_published_whole() {
    const COUNT: usize = 100_000;
    let pages = Pages::new();
    let mut input = String::new();
    for round in 1..=5_usize {
        let numbers: Vec<String> = (0..COUNT).map(|i| (round * COUNT + i).to_string()).collect();
        _ = writeln!(input, "a={round}\nh={}\nb={round}", numbers.join(","));
    }
    let field = format!("h:u32[{COUNT}]");
    let (code, errors) =
        pages.publish("long", &["--create", "a:u32", "b:u32", &field], input.as_bytes());
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    let ends = ["a", "b", "h[0]", "h[4095..4098]", "h[99999]"];
    assert_eq!(pages.succeed("get", "long", &ends), "5\n5\n500000\n504095,504096,504097\n599999\n");
    assert_eq!(pages.generation("long"), 15);
}

#[test]
fn a_page_is_created_with_its_options_and_continued_without_them() {
    let pages = Pages::new();
    let create = ["--create", "a:u64=5", "b:u64=6", "--wakes", "--lifetime", "3600"];
    assert_eq!(pages.publish("rates", &create, b"").0, Some(0));
    let page = pages.json("rates");
    assert_eq!((&page["fields"], &page["wakes"]), (&json!({"a": "5", "b": "6"}), &json!(true)));
    assert_eq!(page["freshness"], "fresh");
    // The values, the promise and the waking of the page stay.
    let again = ["--create", "a:u64", "b:u64=7"];
    assert_eq!(pages.publish("rates", &again, b"a=1\n").0, Some(0));
    let page = pages.json("rates");
    assert_eq!((&page["fields"], &page["wakes"]), (&json!({"a": "1", "b": "7"}), &json!(true)));
    assert_eq!((&page["freshness"], &page["generation"]), (&json!("fresh"), &json!("2")));
    assert_eq!(pages.publish("rates", &["--lifetime", "0"], b"a=2\n").0, Some(0));
    assert_eq!(pages.json("rates")["freshness"], "unpromised");
    let (code, errors) = pages.publish("rates", &["--create", "c:u64"], b"c=1\n");
    assert!(code == Some(1) && errors.contains("has another schema"), "{errors}");
    let (code, errors) = pages.publish("missing", &[], b"c=1\n");
    assert!(code == Some(4) && errors.contains("there is no page"), "{errors}");
}

#[test]
fn a_signal_ends_it_in_good_order() {
    for (signal, code) in [("-TERM", 0), ("-INT", 130)] {
        let pages = Pages::new();
        pages.succeed("create", "rates", &["a:u64"]);
        let mut publisher =
            Running::new(pages.command("publish", "rates", &[]).stdin(Stdio::piped()));
        let mut pipe = publisher.child.stdin.take().expect("it is piped");
        pipe.write_all(b"a=1\na=2\na=3").expect("it reads");
        until("two lines are published", || pages.generation("rates") == 2);
        assert_eq!(pages.json("rates")["writer"]["state"], "live");
        let message = pages.fail("set", "rates", &["a=9", "--wait=0"]);
        assert!(message.contains("already has a writer"), "{message}");
        publisher.signal(signal);
        let output = publisher.end();
        assert_eq!(output.status.code(), Some(code));
        let page = pages.json("rates");
        assert_eq!(
            (&page["writer"]["state"], &page["fields"]),
            (&json!("ended"), &json!({"a": "2"}))
        );
    }
}

#[test]
fn a_second_publisher_waits_for_the_first() {
    let pages = Pages::new();
    pages.succeed("create", "rates", &["a:u64"]);
    let mut first = Running::new(pages.command("publish", "rates", &[]).stdin(Stdio::piped()));
    let mut pipe = first.child.stdin.take().expect("it is piped");
    pipe.write_all(b"a=1\n").expect("it reads");
    until("the first one writes", || pages.generation("rates") == 1);
    let (code, errors) = pages.publish("rates", &["--wait", "0"], b"a=8\n");
    assert!(code == Some(1) && errors.contains("already has a writer"), "{errors}");
    let (code, errors) = pages.publish("rates", &["--wait", "0", "--create", "a:u64=7"], b"a=8\n");
    assert!(code == Some(1) && errors.contains("already has a writer"), "{errors}");
    let mut waiting = pages.command("publish", "rates", &["--wait", "100"]);
    let mut second = Running::new(waiting.stdin(Stdio::piped()));
    let mut other_pipe = second.child.stdin.take().expect("it is piped");
    other_pipe.write_all(b"a=2\n").expect("there is room in the pipe");
    drop(other_pipe);
    drop(pipe);
    assert_eq!((first.end().status.code(), second.end().status.code()), (Some(0), Some(0)));
    assert_eq!(pages.succeed("get", "rates", &["a"]), "2\n");
}

#[test]
fn a_publisher_that_loses_its_page_ends_with_an_error() {
    let pages = Pages::new();
    for is_at_end in [true, false] {
        pages.succeed("create", "rates", &["a:u64"]);
        let mut publisher =
            Running::new(pages.command("publish", "rates", &[]).stdin(Stdio::piped()));
        let mut pipe = publisher.child.stdin.take().expect("it is piped");
        pipe.write_all(b"a=1\n").expect("it reads");
        until("it writes", || pages.generation("rates") == 1);
        fs::remove_dir_all(pages.path("rates")).expect("it is there");
        pages.succeed("create", "rates", &["a:u64=5"]);
        if is_at_end {
            drop(pipe);
        } else {
            until("it ends", || pipe.write_all(b"a=2\n").is_err());
        }
        let output = publisher.end();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1));
        assert!(errors.contains("removed"), "{errors}");
        assert_eq!(pages.succeed("get", "rates", &["a"]), "5\n");
        pages.succeed("rm", "rates", &[]);
    }
}

#[test]
fn a_tail_ends_when_its_publisher_is_killed() {
    let pages = Pages::new();
    let create = ["--create", "a:u64"];
    let mut publisher =
        Running::new(pages.command("publish", "rates", &create).stdin(Stdio::piped()));
    let mut pipe = publisher.child.stdin.take().expect("it is piped");
    pipe.write_all(b"a=1\n").expect("it reads");
    until("it writes", || {
        pages.path("rates").join("page").exists() && pages.generation("rates") == 1
    });
    let mut tail = Running::new(&mut pages.command("tail", "rates", &["--until-ended"]));
    assert_eq!(tail.next().as_deref(), Some("a=1"));
    publisher.signal("-KILL");
    assert_eq!(publisher.end().status.code(), None);
    let output = tail.end();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
}
