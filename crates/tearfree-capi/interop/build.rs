// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compiles the C halves against the headers of tearfree-capi.

fn main() {
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=../include");
    cc::Build::new()
        .std("c11")
        .opt_level(2)
        .include("../include")
        .files(["src/shared.c", "src/pages.c", "src/clocks.c"])
        .compile("tearfree_interop");
}
