// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads of eight words beside a `seqlock_t`, from Rust and from C.
#![allow(unsafe_code, reason = "calls into C")]

use core::array;
use core::hint::black_box;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tearfree_capi::BareSeqLock;

use crate::alone::{Job, Work};
use crate::placement::PageAligned;
use crate::runner::{Bench, Workload};

pub(super) const COUNT: Workload = Workload {
    name: "count",
    about: "read eight words beside a seqlock_t, from Rust and from C",
    cases: || 1,
    run,
};

pub(crate) const FROM_RUST: &str = "Rust, BareSeqLock";
pub(crate) const FROM_C: &str = "C, linux/seqlock.h";

const WORDS: usize = 8;

/// Mirrors `struct quote` on the C side.
#[repr(C)]
struct Quote {
    lock: BareSeqLock,
    words: [AtomicU64; WORDS],
}

unsafe extern "C" {
    fn c_read_quote(quote: &Quote, out: &mut [u64; WORDS], times: u64);
}

/// The value of every word.
const WORD: u64 = 0xC0DE;

fn run(bench: &mut Bench) {
    bench.compare(COUNT.name, size_of::<[u64; WORDS]>(), vec![from_rust(), from_c(), plain_copy()]);
}

/// The limit: no count, and the compiler may copy several words at once.
fn plain_copy() -> Box<dyn Job> {
    let words = Box::new(PageAligned([WORD; WORDS]));
    let work = move |times| {
        let mut last = 0;
        for _ in 0..times {
            let out = black_box(&*words).0;
            last = black_box(&out)[WORDS - 1];
        }
        last
    };
    Box::new(Work { name: "plain copy", expected: WORD, work })
}

fn quote() -> Box<PageAligned<Quote>> {
    let words = array::from_fn(|_| AtomicU64::new(WORD));
    Box::new(PageAligned(Quote { lock: BareSeqLock::new(), words }))
}

fn from_rust() -> Box<dyn Job> {
    let quote = quote();
    let work = move |times| {
        let Quote { lock, words } = &black_box(&*quote).0;
        let mut last = 0;
        for _ in 0..times {
            // ORDERING: Relaxed, P2. Payload; the fence in `read_retry` comes after these loads.
            let out: [u64; WORDS] =
                lock.read(|| array::from_fn(|index| words[index].load(Relaxed)));
            last = black_box(&out)[WORDS - 1];
        }
        last
    };
    Box::new(Work { name: FROM_RUST, expected: WORD, work })
}

fn from_c() -> Box<dyn Job> {
    let quote = quote();
    let work = move |times| {
        let mut out = [0; WORDS];
        // SAFETY: The C function reads the struct by the calls that match its layout, and writes
        // nothing but `out`.
        unsafe { c_read_quote(&black_box(&*quote).0, &mut out, times) };
        out[WORDS - 1]
    };
    Box::new(Work { name: FROM_C, expected: WORD, work })
}
