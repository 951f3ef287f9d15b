// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs the fuzz targets on pseudo-random byte strings, without a fuzzer and on any toolchain.

/// Runs `target` on byte strings of up to 299 bytes.
fn feed(target: fn(&[u8])) {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut byte = || {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    for round in 0..if cfg!(miri) { 5 } else { 2000 } {
        let input: Vec<u8> = (0..round % 300).map(|_| byte()).collect();
        target(&input);
    }
}

#[test]
fn values_agree_with_the_model() {
    feed(tearfree_fuzz::values);
}

#[test]
fn no_invalid_header_is_accepted() {
    feed(tearfree_fuzz::headers);
}

#[test]
fn counts_agree_with_the_model() {
    feed(tearfree_fuzz::counts);
}
