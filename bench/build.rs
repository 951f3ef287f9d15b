// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compiles the peers in C and C++ and the C reader, and passes the versions of compilers and peers and the target to `machine.rs`.

use std::env;
use std::fs;
use std::process::Command;

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

/// A peer that is compiled from a file of this folder.
struct Foreign {
    /// Set for the Rust code if the peer is there.
    cfg: &'static str,
    file: &'static str,
    /// The compiler, if it is not the system's own.
    compiler: Option<&'static str>,
    /// Options of the library, and the name of the table that the file defines.
    options: &'static [&'static str],
    /// What a user installs to have it, by Debian's name.
    package: &'static str,
}

const FOREIGN: [Foreign; 4] = [
    Foreign {
        cfg: "peer_gcc",
        file: "cpp/rigtorp_shape.cpp",
        compiler: None,
        options: &["-std=c++17", "-DTABLE=rigtorp_by_gcc"],
        package: "g++",
    },
    Foreign {
        cfg: "peer_clang",
        file: "cpp/rigtorp_shape.cpp",
        compiler: Some("clang++"),
        options: &["-std=c++17", "-DTABLE=rigtorp_by_clang"],
        package: "clang",
    },
    Foreign {
        cfg: "peer_ck",
        file: "c/ck.c",
        compiler: None,
        options: &["-std=gnu11"],
        package: "libck-dev",
    },
    Foreign {
        cfg: "peer_dpdk",
        file: "c/dpdk.c",
        compiler: None,
        options: &["-std=gnu11", "-I/usr/include/dpdk", "-I/usr/include/x86_64-linux-gnu/dpdk"],
        package: "libdpdk-dev",
    },
];

fn main() {
    for input in ["c", "cpp", C_HEADERS, LOCK_FILE] {
        println!("cargo::rerun-if-changed={input}");
    }
    println!("cargo::rustc-check-cfg=cfg(c_reader)");
    set_env("TEARFREE_BENCH_TARGET", &env::var("TARGET").unwrap_or_default());
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    set_env("TEARFREE_BENCH_RUSTC", &version(Command::new(rustc)));
    set_env("TEARFREE_BENCH_PEERS", &peers());
    compile_foreign_peers();
    set_env("TEARFREE_BENCH_C", "");
    // The targets of tearfree-capi: see Cargo.toml.
    let is = |name: &str, value: &str| env::var(name).as_deref() == Ok(value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_POINTER_WIDTH", "64") {
        let mut build = cc::Build::new();
        build.std("c11").opt_level(3).include(C_HEADERS).file(C_READER).compile("kernel_reader");
        set_env("TEARFREE_BENCH_C", &version(build.get_compiler().to_command()));
        println!("cargo::rustc-cfg=c_reader");
    }
}

/// Compiles what this machine has the compilers and libraries for, and says what is missing.
fn compile_foreign_peers() {
    // The shape of rigtorp has compiler barriers only, and DPDK's folder is named here: x86-64 only.
    let is_here = env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("x86_64");
    let (mut compilers, mut absent) = (Vec::new(), Vec::new());
    for peer in &FOREIGN {
        println!("cargo::rustc-check-cfg=cfg({})", peer.cfg);
        match is_here.then(|| compile(peer)).flatten() {
            Some(compiler) => {
                println!("cargo::rustc-cfg={}", peer.cfg);
                compilers.push(compiler);
            }
            None => absent.push(format!("{} ({})", &peer.cfg["peer_".len()..], peer.package)),
        }
    }
    compilers.dedup();
    set_env("TEARFREE_BENCH_CPP", &compilers.join(", "));
    set_env("TEARFREE_BENCH_ABSENT", &absent.join(", "));
}

/// Returns the version of the compiler, or `None` if it or the library is not there.
fn compile(peer: &Foreign) -> Option<String> {
    let mut build = cc::Build::new();
    build.cpp(peer.file.ends_with(".cpp")).opt_level(3).file(peer.file).cargo_warnings(false);
    if let Some(compiler) = peer.compiler {
        build.compiler(compiler);
    }
    for option in peer.options {
        build.flag(option);
    }
    build.try_compile(peer.cfg).ok()?;
    Some(version(build.get_compiler().to_command()))
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
