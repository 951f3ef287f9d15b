// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values that one language publishes and another one reads.

use core::time::Duration;
use std::io::{BufRead, Read, Write};

use tearfree_page::{ByteReader, ByteWriter, Freshness, Options, WriterState};

use crate::peers::{
    Language, Peer, WATCHDOG, bytes, has_c, languages, line, new_path, read, read_in, read_newest,
    schema, shows, try_read_in,
};

#[test]
fn each_reader_reads_what_each_writer_publishes() {
    for writes in languages() {
        let (_folder, page) = new_path();
        let mut peer = Peer::write(writes, &page, &["3600000000000"]);
        assert_eq!(peer.publish(5), 0);
        let reader = ByteReader::open(&page).unwrap();
        assert_eq!(read(&reader), (bytes(5), 0));
        for number in 6..40 {
            let generation = peer.publish(number);
            assert_eq!(read(&reader), (bytes(number), generation));
        }
        for reads in languages() {
            let json = read_in(reads, &page);
            assert!(json.starts_with(&shows(reads, 39, 34)), "{writes:?} {reads:?}: {json}");
            assert!(
                json.contains("\"freshness\": \"fresh\"") && json.contains("\"state\": \"live\"")
            );
            assert!(json.contains(&format!("\"pid\": {}, ", peer.child.id())), "{json}");
        }
        let reading = reader.read().unwrap();
        assert!(
            matches!(reading.freshness(), Freshness::Fresh(left) if left > Duration::from_secs(60))
        );
        assert_eq!(reading.writer_state(), WriterState::Live);
        let writer = reader.writer().unwrap();
        assert_eq!((writer.pid(), writer.is_running()), (peer.child.id(), Some(true)));
        peer.end();
        assert_eq!(read(&reader), (bytes(39), reading.generation));
        assert_eq!(reader.writer_state(), WriterState::Ended);
        for reads in languages() {
            assert!(read_in(reads, &page).contains("\"state\": \"ended\""))
        }
    }
}

#[test]
fn each_reader_reads_what_rust_publishes() {
    for reads in languages() {
        let (_folder, page) = new_path();
        let options = Options::new().lifetime(Duration::from_nanos(1));
        let mut writer = ByteWriter::create(&page, &schema(), &bytes(1), &options).unwrap();
        for number in 2..6 {
            writer.set(&bytes(number)).unwrap();
            let json = read_in(reads, &page);
            let generation = number.unsigned_abs() - 1;
            assert!(json.starts_with(&shows(reads, number, generation)), "{reads:?}: {json}");
            assert!(json.contains("\"freshness\": \"stale\"") && json.contains("\"age_ns\": "));
            assert!(json.contains(&format!("\"pid\": {}, ", std::process::id())), "{json}");
        }
        let options = Options::new().replace(true);
        drop(writer);
        drop(ByteWriter::create(&page, &"x:u8".parse().unwrap(), &[7], &options).unwrap());
        let json = read_in(reads, &page);
        assert!(json.contains("\"generation\": 5") && json.contains("\"unpromised\""), "{json}");
    }
}

/// One field of each kind, with the values that differ from plain numbers.
const KINDS: &str = "on:bool state:i8{off=-1,idle=0}[2] name:text[4] id:uuid<3>";
const OF_EACH_KIND: &[u8] = b"\x01\xff\x00h\xc3\xa9\0\x01\x02\x03";

#[test]
fn each_writer_writes_each_kind() {
    for language in languages() {
        let (_folder, page) = new_path();
        let mut peer = Peer::write_schema(language, &page, KINDS, &[]);
        match language {
            Language::C => assert_eq!(peer.publish_bytes(OF_EACH_KIND), 0),
            Language::Python => {
                peer.send_line(
                    r#"{"on": true, "state": ["off", "idle"], "name": "h\u00e9", "id": "010203"}"#,
                );
                assert_eq!(peer.answer(), 0);
            }
        }
        assert_eq!(read_newest(&page).0, OF_EACH_KIND);
        peer.end();
    }
}

/// A kind of a later version is read as bytes, and its neighbours as ever. A field with other bytes than its kind has is
/// an error for that field.
#[test]
fn each_reader_reads_each_kind_and_none_that_is_invalid() {
    for language in languages() {
        let (_folder, page) = new_path();
        let schema = KINDS.parse().unwrap();
        drop(ByteWriter::create(&page, &schema, OF_EACH_KIND, &Options::new()).unwrap());
        let json = read_in(language, &page);
        let expected = match language {
            Language::C => "\"payload\": \"01ff0068c3a900010203\", \"invalid\": \"\"",
            Language::Python => {
                r#""fields": {"on": true, "state": ["off", "idle"], "name": "h\u00e9", "id": "010203"}"#
            }
        };
        assert!(json.contains(expected), "{json}");
        // By hand, into the slot that is read: Rust publishes no such value.
        for (name, at, byte) in [("on", 0, 2), ("state", 2, 1), ("name", 3, 0xc3)] {
            let file = page.join("page");
            let mut content = std::fs::read(&file).unwrap();
            content[512 + at] = byte;
            std::fs::write(&file, content).unwrap();
            let json = read_in(language, &page);
            let is_found = match language {
                Language::C => json.contains(&format!("\"invalid\": \"{name}\"")),
                Language::Python => json.contains("null") && json.contains("\"id\": \"010203\""),
            };
            assert!(is_found, "{name}: {json}");
            let mut content = std::fs::read(&file).unwrap();
            content[512 + at] = OF_EACH_KIND[at];
            std::fs::write(&file, content).unwrap();
        }
    }
}

#[test]
fn an_invalid_value_is_not_published_by_c() {
    let (_folder, page) = new_path();
    if !has_c() {
        return;
    }
    for bad in [
        b"\x02\xff\x00h\xc3\xa9\0\x01\x02\x03",
        b"\x01\x01\x00h\xc3\xa9\0\x01\x02\x03",
        b"\x01\xff\x00h\xc3(\0\x01\x02\x03",
        // Behind the text there are NULs alone, and surrogates are no text.
        b"\x01\xff\x00h\0h\0\x01\x02\x03",
        b"\x01\xff\x00\xed\xa0\x80\0\x01\x02\x03",
    ] {
        let mut peer = Peer::write_schema(Language::C, &page, KINDS, &[]);
        peer.send_line(&crate::peers::hexadecimal(bad));
        assert!(peer.error().contains("the value is invalid"));
        assert!(!page.exists(), "nothing was created");
    }
}

#[test]
fn no_value_is_torn_and_none_is_missed_that_rust_waits_for() {
    const LAST: i64 = 5000;
    for language in languages() {
        let (_folder, page) = new_path();
        let mut peer = Peer::write(language, &page, &["wakes"]);
        peer.publish(1);
        let reader = ByteReader::open(&page).unwrap();
        let mut input = peer.child.stdin.take().unwrap();
        let mut seen = 0;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for number in 2..=LAST {
                    writeln!(input, "{}", line(language, number)).expect("it reads its input");
                }
                drop(input);
            });
            scope.spawn(|| peer.answers.by_ref().lines().for_each(drop));
            while seen + 1 < u64::try_from(LAST).unwrap() {
                reader.wait_changed(seen, Some(WATCHDOG));
                let reading = reader.read().unwrap();
                let number = i64::try_from(reading.generation).unwrap() + 1;
                assert_eq!(reading.value, bytes(number));
                assert!(reading.generation > seen, "the generation was {seen}, and nothing came");
                seen = reading.generation;
            }
        });
        assert!(peer.child.wait().unwrap().success());
        assert_eq!(reader.writer_state(), WriterState::Ended);
    }
}

#[test]
fn a_renewed_promise_belongs_to_the_same_value() {
    if !has_c() {
        return;
    }
    let (_folder, page) = new_path();
    let mut peer = Peer::write(Language::C, &page, &["3600000000000"]);
    let generation = peer.publish(1);
    let stamp = || {
        let content = std::fs::read(page.join("page")).unwrap();
        let number = |at| u64::from_ne_bytes(content[at..at + 8].try_into().unwrap());
        (number(448), number(456))
    };
    let (published, until) = stamp();
    peer.send_line("renew");
    assert_eq!(peer.answer(), generation);
    let renewed = stamp();
    assert!(renewed.0 == published && renewed.1 > until, "it is not younger, and valid for longer");
    assert_eq!(read_newest(&page), (bytes(1), generation));
    peer.end();
}

#[test]
fn a_page_of_an_earlier_boot_is_not_read_and_its_writer_creates_another() {
    for language in languages() {
        let (_folder, page) = new_path();
        let mut peer = Peer::write(language, &page, &[]);
        peer.publish(1);
        peer.publish(2);
        peer.end();
        let mut content = std::fs::read(page.join("page")).unwrap();
        content[64] ^= 1;
        std::fs::write(page.join("page"), content).unwrap();
        for reads in languages() {
            let output = try_read_in(reads, &page);
            assert!(!output.status.success(), "{reads:?}");
            assert!(String::from_utf8_lossy(&output.stderr).contains("boot"), "{reads:?}");
        }
        assert!(ByteReader::open(&page).is_err());
        let mut peer = Peer::write(language, &page, &[]);
        assert_eq!(peer.publish(3), 0);
        assert_eq!(read_newest(&page), (bytes(3), 0));
        peer.end();
    }
}
