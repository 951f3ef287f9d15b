// SPDX-License-Identifier: MIT OR Apache-2.0
//! The fuzz targets without a fuzzer: byte strings from a generator, on any toolchain.

/// Runs `target` on byte strings of every length up to some hundred.
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
fn values_are_those_of_the_model() {
    feed(tearfree_fuzz::values);
}

#[test]
fn no_header_is_believed_that_does_not_hold_together() {
    feed(tearfree_fuzz::headers);
}

#[test]
fn counts_are_those_of_the_model() {
    feed(tearfree_fuzz::counts);
}
