// SPDX-License-Identifier: MIT OR Apache-2.0
//! What every reader and writer refuses, in whatever language, and leaves as it is.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use tearfree_page::{ByteReader, ByteWriter, Options};

use crate::peers::{Language, Peer, bytes, has_c, languages, new_path, schema, try_read_in};

/// Creates a page of the schema `x:u64`, and then damages its file.
fn damage(page: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    drop(ByteWriter::create(page, &"x:u64".parse().unwrap(), &[7; 8], &Options::new()).unwrap());
    let mut content = fs::read(page.join("page")).unwrap();
    change(&mut content);
    // Not into the same file, which may be mapped.
    fs::remove_file(page.join("page")).unwrap();
    fs::write(page.join("page"), content).unwrap();
}

/// Replaces the schema's text, with what depends on it but the size.
fn set_schema(content: &mut Vec<u8>, text: &str) {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    }
    content.truncate(704);
    content.extend(text.bytes());
    let total = content.len() as u64;
    content[16..24].copy_from_slice(&total.to_ne_bytes());
    content[24..32].copy_from_slice(&hash.to_ne_bytes());
    let len = u32::try_from(text.len()).unwrap();
    content[40..44].copy_from_slice(&len.to_ne_bytes());
}

fn assert_not_read(page: &Path, what: &str) {
    assert!(ByteReader::open(page).is_err(), "{what}: Rust reads it");
    for language in languages() {
        let output = try_read_in(language, page);
        // By its own decision, and not by a signal.
        assert_eq!(output.status.code(), Some(1), "{what}: {language:?}: {output:?}");
    }
}

fn assert_refused(page: &Path, what: &str) {
    assert_not_read(page, what);
    let before = fs::read(page.join("page")).unwrap();
    for language in languages() {
        let mut peer = Peer::write_schema(language, page, "x:u64", &[]);
        peer.send_line(if language == Language::C { "0100000000000000" } else { "{\"x\": 1}" });
        assert_eq!(peer.next_line(), "", "{what}: {language:?} writes to it");
        assert_eq!(peer.child.wait().unwrap().code(), Some(1), "{what}: {language:?}");
    }
    assert_eq!(fs::read(page.join("page")).unwrap(), before, "{what}: it was changed");
}

#[test]
fn a_damaged_page_is_refused() {
    let (_folder, page) = new_path();
    let swap = |content: &mut Vec<u8>, at: usize, len: usize| content[at..at + len].reverse();
    damage(&page, |content| swap(content, 8, 4));
    assert_refused(&page, "the other byte order");
    damage_again(&page, "another first byte", |content| content[0] = 0);
    damage_again(&page, "another major version", |content| content[12..14].fill(2));
    damage_again(&page, "shorter than it says", |content| content.truncate(708));
    damage_again(&page, "a header alone", |content| content.truncate(448));
    damage_again(&page, "less than a header", |content| content.truncate(447));
    damage_again(&page, "a page that claims a length", |content| content[16..24].fill(0xff));
    damage_again(&page, "a large payload", |content| content[32..36].fill(0xff));
    damage_again(&page, "no schema", |content| content[40..44].fill(0));
    damage_again(&page, "a long schema", |content| content[40..44].fill(0xff));
    damage_again(&page, "another fingerprint", |content| content[24] ^= 1);
    damage_again(&page, "another alignment", |content| content[36] = 4);
    damage_again(&page, "another size", |content| content[32] = 4);
}

fn damage_again(page: &Path, what: &str, change: impl FnOnce(&mut Vec<u8>)) {
    fs::remove_dir_all(page).unwrap();
    damage(page, change);
    assert_refused(page, what);
}

/// Each would be a schema of 8 bytes if one rule of the grammar were left out.
const NOT_IN_THE_GRAMMAR: [&str; 7] = [
    "x:u24;x:U64;x:uuid;x:u8<8>;x:bool<8>;x:text<8>;x:_a<8>;x:A<8>;x:a<08>;x:a<0> y:u64;x:a<8",
    "x:text[0] y:u64;x:text[8;x:text[8][1;x:text[08];x:text",
    "x:u64 ; x:u64;x: u64;x:u32  y:u32;x:u32\ty:u32;x:u32 x:u32;x:u8 y:u16 z:u32;x:u64\0",
    "x:u64[01];x:u64[0] y:u64;x:u64[+1];x:u64[];x:u64[1;x:u64[18446744073709551617];x:u64[1][1]",
    "0x:u64;.x:u64;:u64;x;x\u{e9}:u64;x-y:u64",
    "x:u64{};x:u64{a};x:u64{a=};x:u64{=1};x:u64{a=1,};x:u64{a =1};x:u64{a=1;x:u64{0a=1};x:f64{a=1}",
    "x:u64{a=01};x:u64{a=+1};x:u64{a=-0};x:u64{a=2,b=1};x:u64{a=1,b=1};x:u64{a=1,a=2};x:u64{a=-1};\
     x:u64{a=18446744073709551616};x:i64{a=9223372036854775808};x:i64{a=-9223372036854775809}",
];
const IN_THE_GRAMMAR: &str = "y.z:i64;_:f64;x:text[8];x:text[2][4];x:uuid<8>;x:u8 y:u8[3] z:u32;\
     x:u64{a=0,b=18446744073709551615};x:i64{a=-9223372036854775808,b=-1,c=0}";

/// Gives a page of 8 bytes another schema of as many.
fn with_schema(page: &Path, text: &str) {
    let _ = fs::remove_dir_all(page);
    let align = match text {
        _ if text.contains("u32") => 4_u32,
        _ if text.contains("text[") && !text.contains("64") => 1,
        _ => 8,
    };
    damage(page, |content| {
        set_schema(content, text);
        content[36..40].copy_from_slice(&align.to_ne_bytes());
    });
}

#[test]
fn a_schema_that_the_grammar_does_not_have_is_refused() {
    let (_folder, page) = new_path();
    for text in NOT_IN_THE_GRAMMAR.iter().flat_map(|texts| texts.split(';')) {
        with_schema(&page, text);
        assert_not_read(&page, text);
    }
}

#[test]
fn a_schema_that_the_grammar_has_is_read() {
    let (_folder, page) = new_path();
    for text in IN_THE_GRAMMAR.split(';') {
        with_schema(&page, text);
        assert!(ByteReader::open(&page).is_ok(), "{text}");
        for language in languages() {
            let output = try_read_in(language, &page);
            // Its bytes may be invalid; what counts is that the schema is understood.
            assert!(output.status.success(), "{text}: {language:?}: {output:?}");
        }
    }
}

#[test]
fn a_directory_with_files_of_others_stays_as_it_is() {
    for language in languages() {
        for file in ["page", "lock", "note"] {
            let (_folder, page) = new_path();
            fs::create_dir(&page).unwrap();
            fs::write(page.join(file), "of the user, and longer than any magic number").unwrap();
            let mut peer = Peer::write(language, &page, &[]);
            peer.send(1);
            assert_eq!(peer.next_line(), "");
            let error = peer.error();
            assert!(error.contains("files of others"), "{file}: {language:?}: {error}");
            let names: Vec<_> =
                fs::read_dir(&page).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            assert_eq!(names, [file], "{language:?}");
        }
    }
}

#[test]
fn a_page_that_others_can_write_to_is_refused_by_c() {
    if !has_c() {
        return;
    }
    let (_folder, page) = new_path();
    drop(ByteWriter::create(&page, &schema(), &bytes(1), &Options::new()).unwrap());
    for (path, mode) in [(page.join("page"), 0o644), (page.clone(), 0o755)] {
        for bits in [0o020, 0o002] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode | bits)).unwrap();
            assert!(ByteReader::open(&page).is_err());
            assert!(!try_read_in(Language::C, &page).status.success(), "{bits:o}");
            let mut peer = Peer::write(Language::C, &page, &[]);
            peer.send(2);
            assert!(peer.error().contains("others can write"), "{bits:o}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    assert!(try_read_in(Language::C, &page).status.success());
}

#[test]
fn a_page_that_is_a_link_or_no_file_is_refused() {
    for language in languages() {
        let (folder, page) = new_path();
        drop(ByteWriter::create(&page, &schema(), &bytes(1), &Options::new()).unwrap());
        let other = folder.path().join("other");
        fs::create_dir(&other).unwrap();
        symlink(page.join("page"), other.join("page")).unwrap();
        assert!(!try_read_in(language, &other).status.success(), "a link");
        fs::remove_file(other.join("page")).unwrap();
        fs::create_dir(other.join("page")).unwrap();
        assert!(!try_read_in(language, &other).status.success(), "a directory");
        fs::remove_dir(other.join("page")).unwrap();
        fs::write(other.join("page"), "").unwrap();
        assert!(!try_read_in(language, &other).status.success(), "an empty file");
    }
}
