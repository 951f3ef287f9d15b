// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs the fuzz targets without a fuzzer and on any toolchain: on the files in `corpus/`, on these with random
//! changes, and on random bytes.

use std::fs;
use std::path::{Path, PathBuf};

/// How many inputs of either kind.
const ROUNDS: usize = if cfg!(miri) { 5 } else { 2000 };

/// Marsaglia's xorshift64.
struct Random(u64);

impl Random {
    fn number(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize
    }

    fn byte(&mut self) -> u8 {
        self.number().to_le_bytes()[0]
    }

    /// Changes, removes or repeats some bytes.
    fn change(&mut self, input: &mut Vec<u8>) {
        for _ in 0..=self.number() % 4 {
            let at = self.number() % input.len().max(1);
            let end = (at + self.number() % 8).min(input.len());
            match self.number() % 4 {
                0 if at < end => input[at] = self.byte(),
                1 => drop(input.drain(at..end)),
                2 => input.extend_from_within(at..end),
                _ => input.insert(at.min(input.len()), self.byte()),
            }
        }
    }
}

/// The files in the target's corpus: inputs that reach different code, and those that once failed.
fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{folder:?} is empty");
    let read = |path: PathBuf| (path.clone(), fs::read(&path).expect("a file that was listed"));
    paths.into_iter().map(read).collect()
}

fn feed(name: &str, target: fn(&[u8])) {
    let corpus = corpus(name);
    for (path, input) in &corpus {
        println!("{}", path.display());
        target(input);
    }
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for round in 0..ROUNDS {
        let mut changed = corpus[round % corpus.len()].1.clone();
        random.change(&mut changed);
        target(&changed);
        let input: Vec<u8> = (0..round % 300).map(|_| random.byte()).collect();
        target(&input);
    }
}

macro_rules! targets {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            feed(stringify!($name), tearfree_fuzz::$name);
        }
    )*};
}

targets! { counts headers litmus programs records schemas times values }
