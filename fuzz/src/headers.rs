// SPDX-License-Identifier: MIT OR Apache-2.0
//! The header of a page between processes, changed anywhere: whatever passes lies inside of the page.

use std::sync::OnceLock;

use arbitrary::{Arbitrary, Unstructured};
use tearfree_page::layout::{SLOTS, stride};
use tearfree_page::{ByteWriter, Options, inspect};

/// How a page that was right is spoiled.
#[derive(Arbitrary, Debug)]
struct Spoiled {
    bytes: Vec<(u16, u8)>,
    words: Vec<(u8, u32)>,
    /// How much of it there is to look at.
    len: u16,
    /// What the system says about the file, if that is not the truth.
    file_len: Option<u64>,
}

/// A page as its writer makes it.
fn page() -> &'static [u8] {
    static PAGE: OnceLock<Vec<u8>> = OnceLock::new();
    PAGE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = folder.path().join("numbers");
        let schema = "price:f64 qty:u64 last:u16[4]".parse().expect("a schema");
        drop(ByteWriter::create(&path, &schema, &[0; 24], &Options::new()).expect("a page"));
        let bytes = std::fs::read(path.join("page")).expect("the file of the page");
        assert!(
            inspect(&bytes, bytes.len() as u64).is_ok(),
            "a page is no page before it is spoiled"
        );
        bytes
    })
}

/// Spoils a page's header and has it inspected.
///
/// # Panics
/// If the header of a page that does not hold together is taken for one that does.
pub fn headers(input: &[u8]) {
    let Ok(spoiled) = Spoiled::arbitrary(&mut Unstructured::new(input)) else { return };
    let mut bytes = page().to_vec();
    let len = bytes.len();
    for (at, byte) in spoiled.bytes {
        bytes[usize::from(at) % len] = byte;
    }
    for (word, number) in spoiled.words {
        let at = usize::from(word) * 4 % (len - 3);
        bytes[at..at + 4].copy_from_slice(&number.to_ne_bytes());
    }
    bytes.truncate(usize::from(spoiled.len).max(1));
    check(&bytes, spoiled.file_len.unwrap_or(len as u64));
    // The same bytes as they came, for what no page looks like.
    check(input, input.len() as u64);
}

fn check(bytes: &[u8], file_len: u64) {
    let Ok(geometry) = inspect(bytes, file_len) else { return };
    let size = geometry.schema.size();
    assert!(geometry.total_len as u64 <= file_len, "the page is longer than its file");
    let slots_end = SLOTS + 2 * stride(size);
    assert!(stride(size) >= size, "the slots overlap");
    assert!(
        slots_end + geometry.schema.to_string().len() <= geometry.total_len,
        "the page is short"
    );
}
