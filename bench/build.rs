// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compiles the C++ peer and hands the compiler's version and the target to the machine record.

use std::env;
use std::process::Command;

const CPP_PEER: &str = "cpp/rigtorp_shape.cpp";

fn main() {
    println!("cargo::rerun-if-changed={CPP_PEER}");
    println!("cargo::rustc-check-cfg=cfg(cpp_peer)");
    pass_on("TEARFREE_BENCH_TARGET", &env::var("TARGET").unwrap_or_default());
    pass_on("TEARFREE_BENCH_RUSTC", &rustc_version());
    // The rigtorp shape orders with compiler barriers only, which is enough on x86 alone.
    if env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("x86_64") {
        cc::Build::new()
            .cpp(true)
            .std("c++17")
            .opt_level(3)
            .file(CPP_PEER)
            .compile("rigtorp_shape");
        println!("cargo::rustc-cfg=cpp_peer");
    }
}

fn pass_on(name: &str, value: &str) {
    println!("cargo::rustc-env={name}={value}");
}

fn rustc_version() -> String {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let output = Command::new(rustc).arg("--version").output();
    output.map_or_else(|_| "unknown".into(), |o| String::from_utf8_lossy(&o.stdout).trim().into())
}
