// SPDX-License-Identifier: MIT OR Apache-2.0
//! The machine code of the hot paths, by rule and by golden listing.
//!
//! The rules hold for every compiler: which instructions a path never contains, and which it contains
//! exactly so often. The listings in `assembly/` are exact for the compiler that their first line
//! names; with another one only the rules are checked. `BLESS=1` rewrites the listings.
//!
//! `TEARFREE_AARCH64_RUSTC` names a compiler that has the standard library of
//! `aarch64-unknown-linux-gnu`; without it that half says so and is left out.

#![cfg(not(miri))]

mod listing;
mod rules;

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use listing::Listing;

/// Compiles the probes and gives the compiler's name and its listing. An empty `cpu` is the baseline.
fn compile(rustc: &str, target: &str, cpu: &str) -> (String, Listing) {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("assembly-{target}{cpu}"));
    let options = if cpu.is_empty() { String::new() } else { format!("-Ctarget-cpu={cpu}") };
    compile_library(rustc, target, &options, &dir);

    // By the compiler alone: for cargo, an example needs all that the tests need, compiled once for each target.
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (libraries, listing) = (dir.join(target).join("release"), dir.join("listing.s"));
    let mut probes = Command::new(rustc);
    probes.current_dir(root).args(["--crate-type=rlib", "--edition=2024", "--target", target]);
    probes.args(["-Copt-level=3", "-Ccodegen-units=1"]).args(options.split_whitespace());
    probes.arg("-L").arg(format!("dependency={}", libraries.join("deps").display()));
    probes
        .arg("--extern")
        .arg(format!("tearfree={}", libraries.join("libtearfree.rlib").display()));
    // With a folder for what the compiler writes meanwhile, which else appears beside the sources.
    probes.arg("--out-dir").arg(&dir);
    probes.arg(format!("--emit=asm={}", listing.display())).arg("examples/assembly.rs");
    run(&mut probes);

    let version = Command::new(rustc).arg("--version").output().expect("rustc starts").stdout;
    let version = String::from_utf8_lossy(&version).trim().to_owned();
    (version, Listing::parse(&fs::read_to_string(listing).unwrap()))
}

fn compile_library(rustc: &str, target: &str, options: &str, dir: &Path) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).env("RUSTC", rustc).env("RUSTFLAGS", options);
    cargo.env_remove("RUSTC_WRAPPER").env_remove("CARGO_ENCODED_RUSTFLAGS");
    cargo.args(["build", "--release", "--lib", "--target", target]);
    cargo.args(["--config", "profile.release.debug=false", "--target-dir"]).arg(dir);
    run(&mut cargo);
}

fn run(command: &mut Command) {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Compares with the golden listing, where the same compiler wrote it.
fn compare_with_golden(arch: &str, version: &str, listing: &Listing) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("assembly/{arch}.s"));
    let text = format!("# {version}\n{listing}");
    if env::var_os("BLESS").is_some() {
        fs::write(&path, text).unwrap();
        return;
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    if golden.lines().next() != text.lines().next() {
        println!("{arch}: the golden listing is of another compiler; only the rules were checked");
        return;
    }
    let line = golden.lines().zip(text.lines()).position(|(was, is)| was != is);
    assert!(
        golden == text,
        "{} differs from line {}: check the difference, then run with BLESS=1 to rewrite it",
        path.display(),
        line.unwrap_or(golden.lines().count().min(text.lines().count())) + 1,
    );
}

#[test]
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn hot_paths_on_x86_64_are_plain_moves() {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let (version, listing) = compile(&rustc, "x86_64-unknown-linux-gnu", "");
    rules::check("x86_64", &listing);
    compare_with_golden("x86_64", &version, &listing);
}

#[test]
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn hot_paths_on_x86_64_v3_are_moves_in_vex_encoding() {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let (version, listing) = compile(&rustc, "x86_64-unknown-linux-gnu", "x86-64-v3");
    rules::check("x86_64", &listing);
    rules::check_vex(&listing);
    compare_with_golden("x86_64_v3", &version, &listing);
}

#[test]
fn hot_paths_on_aarch64_have_one_acquire_and_one_load_barrier() {
    let Some(rustc) = env::var("TEARFREE_AARCH64_RUSTC").ok().filter(|path| !path.is_empty())
    else {
        println!("left out: TEARFREE_AARCH64_RUSTC names no compiler");
        return;
    };
    let (version, listing) = compile(&rustc, "aarch64-unknown-linux-gnu", "");
    rules::check("aarch64", &listing);
    compare_with_golden("aarch64", &version, &listing);
}
