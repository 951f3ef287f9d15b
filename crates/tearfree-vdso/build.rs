// SPDX-License-Identifier: MIT OR Apache-2.0
//! Builds the image: the core as a library, the image as one object file, and the linker's output by `image.ld`.
//! DESIGN.md says why Cargo does not do it.

use core::error::Error;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use machine::{AARCH64, HOST_FUNCTIONS_LEN, Machine, X86_64};

#[path = "src/machine.rs"]
#[expect(dead_code, reason = "the library uses all of it")]
mod machine;

/// Optimised in debug builds, too. No panic unwinds through the image, but debuggers do.
const FLAGS: &[&str] = &[
    "--edition=2024",
    "-Copt-level=3",
    "-Ccodegen-units=1",
    "-Cpanic=abort",
    "-Cforce-unwind-tables=yes",
    "-Crelocation-model=pic",
    "-Coverflow-checks=no",
    "-Cdebug-assertions=no",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/machine.rs");
    let sources = PathBuf::from("src/image");
    rerun_if_changed(&sources)?;
    let Some(machine) = machine() else {
        return Ok(()); // refused by src/lib.rs, with the reason
    };
    let out = PathBuf::from(env::var("OUT_DIR")?);
    compile_core(&sources, &out)?;
    compile_image(&sources, &out)?;
    link(&sources, &out, &machine)?;

    let image = fs::metadata(out.join("image.so"))?.len();
    let limit = machine.page_offset - HOST_FUNCTIONS_LEN;
    if image > limit as u64 {
        return Err(format!("the image has {image} bytes, but there is room for {limit}").into());
    }
    Ok(())
}

fn machine() -> Option<Machine> {
    let variable = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    let system = (variable("OS"), variable("POINTER_WIDTH"), variable("ENDIAN"));
    if (system.0.as_str(), system.1.as_str(), system.2.as_str()) != ("linux", "64", "little") {
        return None;
    }
    match variable("ARCH").as_str() {
        "x86_64" => Some(X86_64),
        "aarch64" => Some(AARCH64),
        _ => None,
    }
}

/// Has Cargo run this again if a source changes, also one of another crate, to which a link leads.
fn rerun_if_changed(folder: &Path) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        println!("cargo:rerun-if-changed={}", fs::canonicalize(entry?.path())?.display());
    }
    Ok(())
}

fn compile_core(sources: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let mut rustc = rustc()?;
    rustc.args(["--crate-name=tearfree", "--crate-type=rlib", "--cap-lints=allow", "--out-dir"]);
    run(rustc.arg(out).arg(sources.join("core/lib.rs")))
}

fn compile_image(sources: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let mut rustc = rustc()?;
    rustc.args(["--crate-name=image", "--crate-type=lib", "--extern"]);
    rustc.arg(joined("tearfree=", &out.join("libtearfree.rlib")));
    rustc.arg(joined("--emit=obj=", &out.join("image.o")));
    run(rustc.arg(sources.join("main.rs")))
}

/// Returns the compiler that Cargo uses. The flags of the user are for programs; the image has to run everywhere.
fn rustc() -> Result<Command, Box<dyn Error>> {
    let mut rustc = Command::new(env::var_os("RUSTC").ok_or("Cargo names no compiler")?);
    rustc.arg("--target").arg(env::var("TARGET")?).args(FLAGS);
    Ok(rustc)
}

/// Links with the linker of the target's programs, which by default is the C compiler.
fn link(sources: &Path, out: &Path, machine: &Machine) -> Result<(), Box<dyn Error>> {
    let versions = out.join("versions");
    let Machine { version, page_offset, .. } = machine;
    let functions = machine.functions.join("; ");
    fs::write(&versions, format!("{version} {{ global: {functions}; local: *; }};\n"))?;

    let linker = PathBuf::from(env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into()));
    // Linkers take options as they are; compilers pass them on.
    let name = linker.file_stem().and_then(OsStr::to_str).unwrap_or_default();
    let is_compiler = !matches!(name, "ld" | "lld" | "rust-lld" | "mold") && !name.ends_with("-ld");
    let mut command = Command::new(&linker);
    if matches!(name, "lld" | "rust-lld") {
        command.args(["-flavor", "gnu"]);
    }
    command.args(["-shared", "-nostdlib", "-o"]).arg(out.join("image.so")).arg(out.join("image.o"));
    let options = [
        "--soname=linux-vdso.so.1".into(),
        joined("--script=", &sources.join("image.ld")),
        joined("--version-script=", &versions),
        format!("--defsym=PAGE_OFFSET={page_offset}").into(),
        "--hash-style=both".into(),
        "--build-id=sha1".into(),
        "--eh-frame-hdr".into(),
        "--no-undefined".into(),
        "--gc-sections".into(),
        "--strip-all".into(),
        "-Bsymbolic".into(),
        "-znoexecstack".into(),
        "-zmax-page-size=4096".into(),
    ];
    for option in options {
        if is_compiler {
            // A path may have a comma in it, which `-Wl,` would take for the next option.
            command.arg("-Xlinker");
        }
        command.arg(option);
    }
    run(&mut command)
}

fn joined(option: &str, path: &Path) -> std::ffi::OsString {
    let mut joined = std::ffi::OsString::from(option);
    joined.push(path);
    joined
}

/// Runs a command. Its output is shown by Cargo if it fails.
fn run(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let status = command.status().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
}
