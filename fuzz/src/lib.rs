// SPDX-License-Identifier: MIT OR Apache-2.0
//! The fuzz targets: each function reads a byte string as a list of calls, does them, and panics if the crate
//! differs from a model.
//!
//! A new target is one function here, one file in `targets/`, and one row in `tests/seeds.rs`.

mod counts;
mod headers;
mod values;

pub use counts::counts;
pub use headers::headers;
pub use values::values;

/// Defines the `main` of a target: that of the fuzzer, or one that replays the inputs in the given files.
#[macro_export]
macro_rules! target {
    ($function:path) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|input: &[u8]| $function(input));

        #[cfg(not(fuzzing))]
        fn main() -> std::io::Result<()> {
            for file in std::env::args_os().skip(1) {
                $function(&std::fs::read(&file)?);
                println!("{}: passed", file.display());
            }
            Ok(())
        }
    };
}
