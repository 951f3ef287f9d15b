// SPDX-License-Identifier: MIT OR Apache-2.0
#![doc = include_str!("../README.md")]

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf, absolute};

use proc_macro::{Literal, TokenStream};

/// Expands to the bytes of the shared object of a dependency, a `&'static [u8; N]`.
///
/// The dependency has the crate types `cdylib` and `rlib`, and is named as in Rust, with underscores. `cargo check` builds
/// no object, and gets no bytes.
///
/// # Errors
/// A compile error if this crate has no such dependency, or the object is not beside it.
#[proc_macro]
pub fn cdylib_bytes(dependency: TokenStream) -> TokenStream {
    let text = match find_object(&dependency.to_string(), env::args_os()) {
        Ok(Some(path)) => format!("include_bytes!({})", Literal::string(&path)),
        Ok(None) => "&[]".to_owned(),
        Err(problem) => format!("compile_error!({})", Literal::string(&problem)),
    };
    text.parse().unwrap_or_default()
}

/// Returns the path of the object of `dependency`, by the arguments of the compiler; `None` where none is built.
fn find_object(
    dependency: &str,
    arguments: impl Iterator<Item = OsString>,
) -> Result<Option<String>, String> {
    let arguments: Vec<OsString> = arguments.collect();
    // rust-analyzer expands macros in a process of its own.
    if !arguments.iter().any(|argument| argument.as_encoded_bytes().starts_with(b"--crate-name")) {
        return Ok(None);
    }
    let libraries = libraries(dependency, &arguments);
    if libraries.is_empty() {
        return Err(format!("there is no dependency `{dependency}`; add it to Cargo.toml"));
    }
    let objects = libraries.iter().map(|library| library.with_extension("so"));
    match objects.map(absolute).filter_map(Result::ok).find(|path| path.is_file()) {
        Some(path) => match path.into_os_string().into_string() {
            Ok(path) => Ok(Some(path)),
            Err(path) => {
                Err(format!("the path of the object, {path:?}, is not UTF-8; build elsewhere"))
            }
        },
        None if libraries.iter().all(|library| is_metadata(library)) => Ok(None),
        None => Err(format!(
            "there is no shared object beside {}; `{dependency}` needs crate-type = [\"cdylib\", \"rlib\"], and a target \
             with shared objects",
            libraries[0].display()
        )),
    }
}

/// Returns the files of a dependency: the paths in `--extern OPTIONS:NAME=PATH`.
fn libraries(dependency: &str, arguments: &[OsString]) -> Vec<PathBuf> {
    let path = |value: &OsStr| {
        let (name, path) = value.to_str()?.split_once('=')?;
        (name.rsplit(':').next() == Some(dependency)).then(|| PathBuf::from(path))
    };
    let after = arguments.windows(2).filter(|pair| pair[0] == "--extern");
    after.filter_map(|pair| path(&pair[1])).collect()
}

/// Whether a library has no code, as in `cargo check`.
fn is_metadata(library: &Path) -> bool {
    library.extension() == Some(OsStr::new("rmeta"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{create_dir, remove_dir_all, write};

    /// Calls the search as in a compiler with this option, in a directory with these files.
    fn found_in(name: &str, files: &[&str], external: &str) -> Result<Option<String>, String> {
        let folder = env::temp_dir().join(format!("tearfree-embed-{name}-{}", std::process::id()));
        create_dir(&folder).expect("the folder is new");
        for file in files {
            write(folder.join(file), "").expect("the folder is ours");
        }
        let external = external.replace("DIR", folder.to_str().expect("text"));
        let arguments =
            ["rustc", "--crate-name", "x", "--extern", "b=/b.rlib", "--extern", &external];
        let found = find_object("a", arguments.iter().map(OsString::from));
        remove_dir_all(&folder).expect("it can be removed");
        found.map(|path| path.map(|path| path.replace(folder.to_str().expect("text"), "DIR")))
    }

    #[test]
    fn the_object_is_beside_the_library() {
        let both = ["liba-1f.rlib", "liba-1f.so"];
        for external in ["a=DIR/liba-1f.rlib", "priv,noprelude:a=DIR/liba-1f.rlib"] {
            let found = found_in("both", &both, external);
            assert_eq!(found, Ok(Some("DIR/liba-1f.so".to_owned())), "{external}");
        }
    }

    #[test]
    fn without_the_object_a_program_does_not_compile() {
        let alone = found_in("alone", &["liba.rlib"], "a=DIR/liba.rlib");
        assert!(alone.is_err_and(|error| error.contains("cdylib")));
        let other = found_in("other", &[], "aa=DIR/liba.rlib");
        assert!(other.is_err_and(|error| error.contains("no dependency `a`")));
    }

    #[test]
    fn where_nothing_is_built_there_are_no_bytes() {
        assert_eq!(found_in("check", &["liba.rmeta"], "a=DIR/liba.rmeta"), Ok(None));
        let server = ["rust-analyzer-proc-macro-srv"].map(OsString::from);
        assert_eq!(find_object("a", server.into_iter()), Ok(None));
    }
}
