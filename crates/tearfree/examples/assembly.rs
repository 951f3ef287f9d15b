// SPDX-License-Identifier: MIT OR Apache-2.0
//! Probes: one small function for each hot path, whose machine code is compared with a listing.
//!
//! `cargo rustc -p tearfree --release --example assembly -- --emit asm` lists them. `tests/assembly` compares
//! them with the listings in `assembly/`.

#![allow(unsafe_code, reason = "a name that survives to the listing is an unsafe attribute")]
#![allow(missing_docs, reason = "the names say what the probes do")]

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tearfree::{SeqCount, SeqLatch, SeqLock, Version, Writer, field};

/// Ten bytes and two of padding: neither a power of two nor a multiple of eight.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Odd {
    pub stamp: u32,
    pub size: u32,
    pub flag: u16,
}

#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub before: [u64; 255],
    pub price: u64,
    pub after: [u64; 256],
}

macro_rules! probes {
    ($($name:ident: fn($($arg:ident: $ty:ty),*) $(-> $ret:ty)? { $body:expr })*) => {$(
        #[unsafe(no_mangle)]
        #[inline(never)]
        pub fn $name($($arg: $ty),*) $(-> $ret)? {
            $body
        }
    )*};
}

probes! {
    read_8: fn(lock: &SeqLock<u64>) -> u64 { lock.read() }
    read_odd_12: fn(lock: &SeqLock<Odd>) -> Odd { lock.read() }
    read_48: fn(lock: &SeqLock<[u64; 6]>) -> [u64; 6] { lock.read() }
    read_64: fn(lock: &SeqLock<[u64; 8]>) -> [u64; 8] { lock.read() }
    read_4096: fn(lock: &SeqLock<[u64; 512]>) -> [u64; 512] { lock.read() }
    read_into_64: fn(lock: &SeqLock<[u64; 8]>, to: &mut [u64; 8]) { lock.read_into(to) }
    read_into_2048: fn(lock: &SeqLock<[u64; 256]>, to: &mut [u64; 256]) { lock.read_into(to) }
    try_read_8: fn(lock: &SeqLock<u64>) -> Option<u64> { lock.try_read() }
    read_field_of_4096: fn(lock: &SeqLock<Page>) -> u64 { lock.read_fields(field!(Page, price)) }
    read_if_changed_8: fn(lock: &SeqLock<u64>, seen: &mut Version) -> Option<u64> {
        lock.read_if_changed(seen)
    }
    latch_read_64: fn(latch: &SeqLatch<[u64; 8]>) -> [u64; 8] { latch.read() }
    count_read_16: fn(count: &SeqCount<u32>, data: &[AtomicU64; 2]) -> [u64; 2] {
        count.read(|| [data[0].load(Relaxed), data[1].load(Relaxed)])
    }
    set_8: fn(lock: &SeqLock<u64>, value: u64) { lock.set(value) }
    set_64: fn(lock: &SeqLock<[u64; 8]>, value: [u64; 8]) { lock.set(value) }
    writer_set_64: fn(writer: &mut Writer<&SeqLock<[u64; 8]>>, value: [u64; 8]) { writer.set(value) }
    writer_set_16k: fn(writer: &mut Writer<&SeqLock<[u64; 2048]>>, value: &[u64; 2048]) {
        writer.set_from(value)
    }
    count_write_16: fn(count: &SeqCount<u32>, data: &[AtomicU64; 2], value: u64) {{
        let _section = count.write();
        data[0].store(value, Relaxed);
        data[1].store(value, Relaxed);
    }}
}
