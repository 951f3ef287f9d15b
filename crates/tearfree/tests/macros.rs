// SPDX-License-Identifier: MIT OR Apache-2.0
//! `field!` in difficult programs: each file of `macros/pass` compiles and runs, each of `macros/fail` is
//! refused with the error that its second line names, in every edition, and under another name of the crate.
#![cfg(not(miri))]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const EDITIONS: [&str; 3] = ["2018", "2021", "2024"];

/// The core, as its sources are: `rustc` alone builds it. Removed at the end.
struct Library {
    folder: PathBuf,
}

impl Library {
    fn build(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).expect("the target directory is ours");
        let library = Library { folder };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs");
        let mut rustc = rustc("2024");
        rustc
            .args(["--crate-name=tearfree", "--crate-type=rlib", "--out-dir"])
            .arg(&library.folder);
        let output = rustc.arg(source).output().expect("rustc runs");
        assert!(output.status.success(), "{}", errors(&output));
        library
    }

    /// Compiles a program that knows the crate by this name.
    fn compile(&self, source: &Path, edition: &str, name: &str) -> Output {
        let text = fs::read_to_string(source).expect("a source file").replace("tearfree", name);
        let stem = source.file_stem().expect("a file").to_string_lossy();
        let program = self.folder.join(format!("{stem}-{edition}-{name}.rs"));
        fs::write(&program, text).expect("the folder is ours");
        let library = self.folder.join("libtearfree.rlib");
        let mut rustc = rustc(edition);
        rustc.arg(format!("--extern={name}={}", library.display()));
        rustc.arg("-o").arg(program.with_extension("")).arg(&program);
        rustc.output().expect("rustc runs")
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn rustc(edition: &str) -> Command {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition", edition, "-Copt-level=0", "--cap-lints=warn"]);
    rustc
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn sources(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/macros").join(folder);
    let mut sources: Vec<_> =
        fs::read_dir(folder).expect("the sources").map(|entry| entry.unwrap().path()).collect();
    sources.sort();
    sources
}

/// Each program in each edition, and with the crate renamed.
fn each(folder: &str, mut check: impl FnMut(&Library, &Path, &str, &str)) {
    let library = Library::build(folder);
    let sources = sources(folder);
    assert!(sources.len() >= 3, "{folder}: {sources:?}");
    for source in &sources {
        for edition in EDITIONS {
            check(&library, source, edition, "tearfree");
        }
        check(&library, source, "2021", "renamed");
    }
}

#[test]
fn fields_are_the_right_ones_whatever_names_are_shadowed() {
    each("pass", |library, source, edition, name| {
        let output = library.compile(source, edition, name);
        assert!(output.status.success(), "{source:?} in {edition}: {}", errors(&output));
        let stem = source.file_stem().unwrap().to_string_lossy();
        let program = library.folder.join(format!("{stem}-{edition}-{name}"));
        let status = Command::new(program).status().expect("it runs");
        assert!(status.success(), "{source:?} in {edition}: {status}");
    });
}

#[test]
fn what_is_no_field_is_refused() {
    each("fail", |library, source, edition, name| {
        let text = fs::read_to_string(source).expect("a source file");
        let code = text.lines().nth(1).and_then(|line| line.strip_prefix("// error: "));
        let code = code.unwrap_or_else(|| panic!("{source:?} does not name its error"));
        let output = library.compile(source, edition, name);
        assert!(!output.status.success(), "{source:?} compiles in {edition}");
        let found = errors(&output);
        assert!(found.contains(&format!("error[{code}]")), "{source:?} in {edition}: {found}");
    });
}
