// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writes a page of eight words of one generation, without pause, until its input ends.
//!
//! `write_page PATH`: for tests of readers in other languages.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::io::{Read, stdin};
use std::path::PathBuf;
use std::thread;

use tearfree_capi_interop::words_of;
use tearfree_page::{Options, Writer};

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("write_page PATH")?;
    let mut writer = Writer::create(PathBuf::from(path), words_of(0), &Options::new().wakes(true))?;
    println!("ready");
    let ends = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            // The end of input, or an error, ends the loop.
            let _ = stdin().read(&mut [0]);
            ends.store(true, Relaxed);
        });
        let mut generation = 0;
        while !ends.load(Relaxed) {
            generation += 1;
            writer.set(words_of(generation)).expect("the page is ours");
        }
    });
    println!("{}", writer.generation());
    Ok(())
}
