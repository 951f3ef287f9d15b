// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compiles the C halves against the headers of tearfree-capi.

const FILES: [&str; 6] =
    ["shared.c", "pages.c", "followers.c", "clocks.c", "writers.c", "writer_threads.c"];

fn main() {
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=../include");
    cc::Build::new()
        .std("c11")
        .opt_level(2)
        .include("../include")
        .files(FILES.map(in_src))
        .compile("tearfree_interop");
}

fn in_src(file: &str) -> String {
    format!("src/{file}")
}
