// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compiles the sources of tearfree with the checker's atomics: see `sync.rs` there.

fn main() {
    println!("cargo::rustc-cfg=tearfree_axm");
    println!("cargo::rerun-if-changed=build.rs");
}
