// SPDX-License-Identifier: MIT OR Apache-2.0
//! Elements of arrays, and the values that `create` keeps.

use serde_json::json;

use crate::support::Pages;

#[test]
fn elements_of_an_array_are_set_and_shown() {
    let pages = Pages::new();
    pages.succeed("create", "p", &["h:f32[5]=1,2,3,4,5", "x:i32=-1"]);
    assert_eq!(pages.succeed("get", "p", &["h[2]", "x", "h[3..]", "h[..2]"]), "3\n-1\n4,5\n1,2\n");
    pages.succeed("set", "p", &["h[2]=0.5", "x=7", "h[3..5]=-4,-5"]);
    assert_eq!(pages.succeed("get", "p", &["h"]), "1,2,0.5,-4,-5\n");
    assert_eq!(pages.generation("p"), 1, "one publication");
    for (subcommand, args, what) in [
        (
            "get",
            &["h[5]"][..],
            "'h[5]' is out of range: h:f32[5] has 5 elements\n  Use indexes from 0 to 4.",
        ),
        ("set", &["x=1", "h[5]=1"], "'h[5]' is out of range"),
        ("set", &["x=1", "h[0..2]=1"], "has 1 "),
        ("set", &["x=1", "x[0]=1"], "x:i32 is not an array"),
        ("get", &["h[two]"], "invalid index in 'h[two]'"),
    ] {
        let message = pages.fail(subcommand, "p", args);
        assert!(message.contains(what), "{what} in {message}");
    }
    assert_eq!((pages.generation("p"), pages.succeed("get", "p", &["x"])), (1, "7\n".to_owned()));
}

#[test]
fn create_keeps_the_values_that_it_is_not_given() {
    let pages = Pages::new();
    pages.succeed("create", "p", &["a:u64=1", "b:u64=2", "h:u8[8]"]);
    pages.succeed("set", "p", &["a=5", "h[7]=9"]);
    pages.succeed("create", "p", &["a:u64", "b:u64=3", "h:u8[8]"]);
    let page = pages.json("p");
    let kept = json!({"a": "5", "b": "3", "h": [0, 0, 0, 0, 0, 0, 0, 9]});
    assert_eq!((&page["fields"], &page["generation"]), (&kept, &json!("2")));
    // An old value is not published again.
    pages.succeed("create", "p", &["a:u64", "b:u64", "h:u8[8]"]);
    assert_eq!((&pages.json("p")["fields"], pages.generation("p")), (&kept, 2));
    // Also where the library makes a new page, for these options.
    for option in ["--wakes", "--private"] {
        pages.succeed("create", "p", &["a:u64", "b:u64", "h:u8[8]", option]);
        assert_eq!(pages.json("p")["fields"], kept, "{option}");
    }
    // A page with other fields has nothing to keep.
    pages.succeed("create", "p", &["a:u64", "--replace"]);
    assert_eq!(pages.json("p")["fields"], json!({"a": "0"}));
}

#[test]
fn create_does_not_touch_a_page_that_has_a_writer() {
    let pages = Pages::new();
    pages.succeed("create", "p", &["a:u64=1"]);
    let options = tearfree_page::Options::new();
    let _writer = tearfree_page::ByteWriter::take_over(pages.path("p"), &options).expect("free");
    let message = pages.fail("create", "p", &["a:u64=2"]);
    assert!(message.contains("already has a writer"), "{message}");
    assert_eq!(pages.succeed("get", "p", &["a"]), "1\n");
}
