// SPDX-License-Identifier: MIT OR Apache-2.0
//! Prints the verdict on litmus files: `cargo run -p tearfree-axm --example litmus -- FILE...`
//!
//! With `--states` first, it prints all final states too.

use std::process::ExitCode;
use std::{env, fs};

use tearfree_axm::litmus::Litmus;

fn main() -> ExitCode {
    let mut files: Vec<String> = env::args().skip(1).collect();
    let shows_states = files.first().is_some_and(|first| first == "--states");
    if shows_states {
        files.remove(0);
    }
    let mut wrong = 0;
    for file in &files {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => {
                eprintln!("{file}: {error}");
                return ExitCode::from(2);
            }
        };
        let test = match Litmus::parse(&text) {
            Ok(test) => test,
            Err(error) => {
                eprintln!("{file}: {error}");
                return ExitCode::from(2);
            }
        };
        let verdict = test.verdict();
        let is_wrong = test.expected.is_some_and(|expected| expected != verdict);
        wrong += usize::from(is_wrong);
        let mark = if is_wrong { "WRONG" } else { "ok" };
        let expected = test.expected.map(|expected| format!("expected {expected}, "));
        println!("{mark:5} {:50} {}is {verdict}", test.name, expected.unwrap_or_default());
        if shows_states {
            test.states().iter().for_each(|state| println!("    {state}"));
        }
    }
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
