// SPDX-License-Identifier: MIT OR Apache-2.0
//! Headers of pages with random changes: what `inspect` accepts lies inside of the page.

use std::sync::OnceLock;

use arbitrary::{Arbitrary, Unstructured};
use tearfree_page::layout::{SLOTS, stride};
use tearfree_page::{ByteWriter, Options, inspect};

/// Changes to a valid page.
#[derive(Arbitrary, Debug)]
struct Changes {
    bytes: Vec<(u16, u8)>,
    words: Vec<(u8, u32)>,
    /// The length to which the bytes are truncated.
    len: u16,
    /// The length of the file, if not the real one.
    file_len: Option<u64>,
}

/// Returns the bytes of a valid page.
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
            "the page is refused before any change"
        );
        bytes
    })
}

/// Changes the header of a page and inspects it.
///
/// # Panics
/// If an invalid header is accepted.
pub fn headers(input: &[u8]) {
    let Ok(changes) = Changes::arbitrary(&mut Unstructured::new(input)) else { return };
    let mut bytes = page().to_vec();
    let len = bytes.len();
    for (at, byte) in changes.bytes {
        bytes[usize::from(at) % len] = byte;
    }
    for (word, number) in changes.words {
        let at = usize::from(word) * 4 % (len - 3);
        bytes[at..at + 4].copy_from_slice(&number.to_ne_bytes());
    }
    bytes.truncate(usize::from(changes.len).max(1));
    check(&bytes, changes.file_len.unwrap_or(len as u64));
    // The input itself, which is far from any valid page.
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
