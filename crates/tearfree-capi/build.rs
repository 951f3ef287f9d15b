// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sets the soname of the shared library, which changes with the ABI.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libtearfree.so.0");
}
