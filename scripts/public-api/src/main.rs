// SPDX-License-Identifier: MIT OR Apache-2.0
//! Prints the public items of a crate, one on each line, from the JSON of rustdoc.

use std::process::ExitCode;

/// Traits that only the compiler can name, and crates do not promise.
const UNNAMEABLE: [&str; 3] = ["Freeze", "StructuralPartialEq", "UnsafeUnpin"];

fn main() -> ExitCode {
    let Some(file) = std::env::args_os().nth(1) else {
        eprintln!("usage: tearfree-public-api FILE.json");
        return ExitCode::from(2);
    };
    let listed = public_api::Builder::from_rustdoc_json(&file)
        // These are the same for each type, such as `impl<T> Any for T`.
        .omit_blanket_impls(true)
        .build();
    match listed {
        Ok(api) => {
            for line in api.items().map(ToString::to_string) {
                if !is_unnameable(&line) {
                    println!("{line}");
                }
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", file.display());
            ExitCode::FAILURE
        }
    }
}

fn is_unnameable(line: &str) -> bool {
    UNNAMEABLE.iter().any(|name| line.contains(&format!(" core::marker::{name} for ")))
}
