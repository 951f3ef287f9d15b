// SPDX-License-Identifier: MIT OR Apache-2.0
//! The racing copy: the only code that touches payload memory while others may change it.
//!
//! **The model.** A copy is a per-byte relaxed atomic `memcpy` over possibly uninitialised bytes, as
//! Rust RFC 3301 and C++ P1478 describe it. Each byte that a load returns is the value of that byte
//! after some store; bytes of one copy may come from different stores. So a load returns `MaybeUninit<T>`,
//! and only the check of a sequence count makes it a `T` (P4, P6).
//!
//! Rust has no such operation yet, so there is one engine for each kind of machine, and every load
//! and store of a payload goes through the same one:
//!
//! | engine | where | how |
//! | --- | --- | --- |
//! | `x86_64` | x86-64 | inline assembly: vector moves, and an opaque call of `memcpy` for large values |
//! | `aarch64` | 64-bit Arm, little endian | the same with its registers |
//! | `alone` | WebAssembly without threads | a plain copy: there is one thread |
//! | `portable` | elsewhere | the `atomic-maybe-uninit` crate, the largest words that fit |
//! | `locked` | Miri | plain bytes, each word under one global lock: Miri knows no atomic uninitialised bytes |
//! | `ordered` | ThreadSanitizer | words that are acquire loads and release stores: it knows no fences |
//! | `recorded` | `tearfree-axm` | each word is an access that the checker records |
//!
//! The compiler cannot see into assembly, so it can neither split, repeat nor invent a load; that is
//! the difference to a volatile or a plain copy. DESIGN.md argues each engine.

#![allow(unsafe_code, reason = "racing memory is touched here, and nowhere else")]

// Exactly one of these paths applies. `--cfg tearfree_engine="..."` chooses one for ThreadSanitizer,
// and for tests, so that each engine runs on any machine.
#[cfg_attr(tearfree_axm, path = "copy/recorded.rs")]
#[cfg_attr(all(not(tearfree_axm), any(miri, tearfree_engine = "locked")), path = "copy/locked.rs")]
#[cfg_attr(
    all(not(any(tearfree_axm, miri)), tearfree_engine = "ordered"),
    path = "copy/ordered.rs"
)]
#[cfg_attr(
    all(
        not(any(tearfree_axm, miri, tearfree_engine = "locked", tearfree_engine = "ordered")),
        not(tearfree_engine = "portable"),
        all(target_arch = "x86_64", target_pointer_width = "64"),
    ),
    path = "copy/x86_64.rs"
)]
#[cfg_attr(
    all(
        not(any(tearfree_axm, miri, tearfree_engine = "locked", tearfree_engine = "ordered")),
        not(tearfree_engine = "portable"),
        all(target_arch = "aarch64", target_pointer_width = "64", target_endian = "little"),
    ),
    path = "copy/aarch64.rs"
)]
#[cfg_attr(
    all(
        not(any(tearfree_axm, miri, tearfree_engine = "locked", tearfree_engine = "ordered")),
        not(all(target_family = "wasm", not(target_feature = "atomics"))),
        any(
            tearfree_engine = "portable",
            not(target_pointer_width = "64"),
            not(any(
                target_arch = "x86_64",
                all(target_arch = "aarch64", target_endian = "little")
            )),
        ),
    ),
    path = "copy/portable.rs"
)]
#[cfg_attr(
    all(
        not(any(tearfree_engine = "locked", tearfree_engine = "ordered")),
        target_family = "wasm",
        not(target_feature = "atomics"),
    ),
    path = "copy/alone.rs"
)]
mod engine;

#[cfg(target_has_atomic = "64")]
pub(crate) mod foreign;
mod shared;

pub(crate) use shared::{Shared, Untyped, load_part};

#[cfg(all(test, not(tearfree_axm)))]
mod tests;
