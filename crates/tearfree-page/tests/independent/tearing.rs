// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values at full speed: none is torn, and a control that breaks the protocol is seen to tear.

use core::time::Duration;
use std::thread;

use tearfree_page::{ByteReader, ByteWriter, Options};

use crate::peers::{Language, Peer, c, has_c, hexadecimal, languages, new_path, read_in, text};

/// Large, so that a copy takes long.
const COUNT: usize = 2048;

fn schema() -> String {
    format!("v:u64[{COUNT}]")
}

fn is_torn(value: &[u8]) -> bool {
    value.chunks_exact(8).any(|number| number != &value[..8])
}

#[test]
fn rust_reads_no_torn_value_of_c() {
    if !has_c() {
        return;
    }
    let (_folder, page) = new_path();
    let count = COUNT.to_string();
    let hammer = c(&["hammer", text(&page), &count]);
    let mut peer = Peer::start(Language::C, hammer);
    peer.answer();
    let reader = ByteReader::open(&page).unwrap();
    let (mut last, mut changes) = (0, 0);
    while changes < 500 {
        let reading = reader.read().unwrap();
        assert!(!is_torn(&reading.value), "generation {}", reading.generation);
        assert!(reading.generation >= last, "{} after {last}", reading.generation);
        assert_eq!(reading.value[..8], reading.generation.to_ne_bytes());
        changes += u64::from(reading.generation > last);
        last = reading.generation;
    }
    peer.kill();
}

#[test]
fn c_reads_no_torn_value_of_rust() {
    if !has_c() {
        return;
    }
    let (_folder, page) = new_path();
    let value = |number: u64| number.to_ne_bytes().repeat(COUNT);
    let schema = schema().parse().unwrap();
    let mut writer = ByteWriter::create(&page, &schema, &value(0), &Options::new()).unwrap();
    let scan = c(&["scan", text(&page.join("page")), "5000"]);
    let mut peer = Peer::start(Language::C, scan);
    while peer.child.try_wait().unwrap().is_none() {
        for _ in 0..100 {
            writer.set(&value(writer.generation() + 1)).unwrap();
        }
        // Beside a writer that is twice as fast as a copy and never rests, the reader gives up.
        thread::sleep(Duration::from_micros(100));
    }
    let report = peer.next_line();
    assert!(report.starts_with("torn 0 back 0 changes "), "{report}");
    assert!(
        !report.contains("changes 0 ") && !report.contains("changes 1 "),
        "{report}: it saw nothing"
    );
    assert!(peer.child.wait().unwrap().success());
}

/// The reader stops in the middle of its copy. One publication goes to the other slot; the second one to the slot
/// that is copied, so it has to copy again.
#[test]
fn a_reader_in_c_copies_again_what_was_overwritten_meanwhile() {
    if !has_c() {
        return;
    }
    let (_folder, page) = new_path();
    let value = |number: u64| number.to_ne_bytes().repeat(64);
    let schema = "v:u64[64]".parse().unwrap();
    let mut writer = ByteWriter::create(&page, &schema, &value(0), &Options::new()).unwrap();
    for publications in 0..4 {
        let before = writer.generation();
        let mut peer = Peer::start(Language::C, c(&["step", text(&page.join("page"))]));
        assert_eq!(peer.next_line(), "half");
        for _ in 0..publications {
            writer.set(&value(writer.generation() + 1)).unwrap();
        }
        peer.send_line("");
        let (generation, seen) = match publications {
            0 => (before, "newest"),
            1 => (before, "old"),
            _ => {
                assert_eq!(peer.next_line(), "half", "it copies again");
                peer.send_line("");
                (writer.generation(), "newest")
            }
        };
        let expected = format!("{generation} {seen} {}", hexadecimal(&value(generation)));
        assert_eq!(peer.next_line(), expected, "{publications} publications");
    }
}

/// A writer that stores half of a value into the slot in use. Each reader has to see a mixture: these tests see tearing.
#[test]
fn a_writer_that_breaks_the_protocol_is_seen_to_tear() {
    if !has_c() {
        return;
    }
    let (_folder, page) = new_path();
    let tear = c(&["tear", text(&page), &schema()]);
    let mut peer = Peer::start(Language::C, tear);
    let value = |number: u64| hexadecimal(&number.to_ne_bytes().repeat(COUNT));
    peer.send_line(&value(1));
    assert_eq!(peer.answer(), 0);
    let reader = ByteReader::open(&page).unwrap();
    let scan = || {
        let scan = c(&["scan", text(&page.join("page")), "10"]).output();
        String::from_utf8(scan.unwrap().stdout).unwrap()
    };
    assert!(!is_torn(&reader.read().unwrap().value));
    assert!(scan().starts_with("torn 0 back 0"));
    peer.send_line(&value(2));
    assert_eq!(peer.answer(), 0, "the count says nothing of it");
    assert!(is_torn(&reader.read().unwrap().value));
    assert!(scan().starts_with("torn 10 back 0"));
    for reads in languages() {
        let json = read_in(reads, &page);
        let [one, two] = match reads {
            Language::C => ["0100000000000000", "0200000000000000"],
            Language::Python => [" 1, 1", "[2, 2"],
        };
        assert!(cfg!(target_endian = "big") || json.contains(one) && json.contains(two));
    }
    peer.end();
}
