// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compiles the C++ peer and the C reader, and passes the compiler's version and the target to `machine.rs`.

use std::env;
use std::process::Command;

const CPP_PEER: &str = "cpp/rigtorp_shape.cpp";
const C_READER: &str = "c/kernel_reader.c";
const C_HEADERS: &str = "../crates/tearfree-capi/include";

fn main() {
    for input in [CPP_PEER, C_READER, C_HEADERS] {
        println!("cargo::rerun-if-changed={input}");
    }
    println!("cargo::rustc-check-cfg=cfg(cpp_peer, c_reader)");
    set_env("TEARFREE_BENCH_TARGET", &env::var("TARGET").unwrap_or_default());
    set_env("TEARFREE_BENCH_RUSTC", &rustc_version());
    // The rigtorp shape uses compiler barriers only, which are enough on x86 only.
    if env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("x86_64") {
        cc::Build::new()
            .cpp(true)
            .std("c++17")
            .opt_level(3)
            .file(CPP_PEER)
            .compile("rigtorp_shape");
        println!("cargo::rustc-cfg=cpp_peer");
    }
    // The targets of tearfree-capi: see Cargo.toml.
    let is = |name: &str, value: &str| env::var(name).as_deref() == Ok(value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_POINTER_WIDTH", "64") {
        cc::Build::new()
            .std("c11")
            .opt_level(3)
            .include(C_HEADERS)
            .file(C_READER)
            .compile("kernel_reader");
        println!("cargo::rustc-cfg=c_reader");
    }
}

fn set_env(name: &str, value: &str) {
    println!("cargo::rustc-env={name}={value}");
}

fn rustc_version() -> String {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let output = Command::new(rustc).arg("--version").output();
    output.map_or_else(|_| "unknown".into(), |o| String::from_utf8_lossy(&o.stdout).trim().into())
}
