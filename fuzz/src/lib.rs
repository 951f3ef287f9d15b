// SPDX-License-Identifier: MIT OR Apache-2.0
//! What fuzzers and their replays run: each function reads a byte string as a list of calls, makes
//! them, and panics where the crate differs from a model.
//!
//! A new target is one function here, one file in `targets/`, and one row in `tests/seeds.rs`.

mod counts;
mod headers;
mod values;

pub use counts::counts;
pub use headers::headers;
pub use values::values;

/// The `main` of a target: the fuzzer's, or one that replays the inputs in the files that it is given.
#[macro_export]
macro_rules! target {
    ($function:path) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|input: &[u8]| $function(input));

        #[cfg(not(fuzzing))]
        fn main() -> std::io::Result<()> {
            for file in std::env::args_os().skip(1) {
                $function(&std::fs::read(&file)?);
                println!("{}: nothing to complain about", file.display());
            }
            Ok(())
        }
    };
}
