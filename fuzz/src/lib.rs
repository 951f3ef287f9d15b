// SPDX-License-Identifier: MIT OR Apache-2.0
//! The fuzz targets: each function reads a byte string as a list of calls, or as something that another program wrote,
//! and panics if the crate differs from a model or accepts what is wrong.
//!
//! A new target is one function here, one file in `targets/`, and one row in `tests/seeds.rs`.

mod counts;
mod headers;
mod litmus;
mod programs;
mod records;
mod schemas;
mod times;
mod values;

pub use counts::counts;
pub use headers::headers;
pub use litmus::litmus;
pub use programs::programs;
pub use records::records;
pub use schemas::schemas;
pub use times::times;
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
