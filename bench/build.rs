// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compiles the C++ peer and the C reader, and passes the versions of compilers and peers and the target to `machine.rs`.

use std::env;
use std::fs;
use std::process::Command;

const CPP_PEER: &str = "cpp/rigtorp_shape.cpp";
const C_READER: &str = "c/kernel_reader.c";
const C_HEADERS: &str = "../crates/tearfree-capi/include";
const LOCK_FILE: &str = "../Cargo.lock";
/// The crates that are compared.
const PEERS: [&str; 15] = [
    "arc-swap",
    "coarsetime",
    "crossbeam-utils",
    "fastant",
    "iceoryx2-bb-lock-free",
    "left-right",
    "minstant",
    "nexus-slot",
    "parking_lot",
    "portable-atomic",
    "quanta",
    "seql",
    "seqlock",
    "tokio",
    "triple_buffer",
];

fn main() {
    for input in [CPP_PEER, C_READER, C_HEADERS, LOCK_FILE] {
        println!("cargo::rerun-if-changed={input}");
    }
    println!("cargo::rustc-check-cfg=cfg(cpp_peer, c_reader)");
    set_env("TEARFREE_BENCH_TARGET", &env::var("TARGET").unwrap_or_default());
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    set_env("TEARFREE_BENCH_RUSTC", &version(Command::new(rustc)));
    set_env("TEARFREE_BENCH_PEERS", &peers());
    set_env("TEARFREE_BENCH_CPP", "");
    set_env("TEARFREE_BENCH_C", "");
    // The rigtorp shape uses compiler barriers only, which are enough on x86 only.
    if env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("x86_64") {
        let mut build = cc::Build::new();
        build.cpp(true).std("c++17").opt_level(3).file(CPP_PEER).compile("rigtorp_shape");
        set_env("TEARFREE_BENCH_CPP", &version(build.get_compiler().to_command()));
        println!("cargo::rustc-cfg=cpp_peer");
    }
    // The targets of tearfree-capi: see Cargo.toml.
    let is = |name: &str, value: &str| env::var(name).as_deref() == Ok(value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_POINTER_WIDTH", "64") {
        let mut build = cc::Build::new();
        build.std("c11").opt_level(3).include(C_HEADERS).file(C_READER).compile("kernel_reader");
        set_env("TEARFREE_BENCH_C", &version(build.get_compiler().to_command()));
        println!("cargo::rustc-cfg=c_reader");
    }
}

fn set_env(name: &str, value: &str) {
    println!("cargo::rustc-env={name}={value}");
}

/// Returns the first line that a compiler prints about its version.
fn version(mut compiler: Command) -> String {
    let output = compiler.arg("--version").output().map(|output| output.stdout);
    let text = output.map_or_else(|_| String::new(), |text| String::from_utf8_lossy(&text).into());
    text.lines().next().unwrap_or("unknown").trim().into()
}

/// Returns the names and versions of the peers in the lock file.
fn peers() -> String {
    let lock_file = fs::read_to_string(LOCK_FILE).unwrap_or_default();
    let versions = PEERS.map(|peer| {
        let entry = lock_file.split("[[package]]").find_map(|entry| {
            entry.trim_start().strip_prefix(&format!("name = \"{peer}\"\nversion = \""))
        });
        let version = entry.and_then(|entry| entry.split('"').next());
        format!("{peer} {}", version.unwrap_or("unknown"))
    });
    versions.join(", ")
}
