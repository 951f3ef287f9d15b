// SPDX-License-Identifier: MIT OR Apache-2.0
//! Gives the shared library its name for the dynamic linker. It changes when the ABI does.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libtearfree.so.0");
}
