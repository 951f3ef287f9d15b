// SPDX-License-Identifier: MIT OR Apache-2.0
//! Day-to-day benchmarks of the core: `cargo bench -p tearfree-bench`, optionally with a name.
//!
//! Criterion compares with the last run. `cargo run --release -p tearfree-bench` compares with other crates.

use core::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tearfree::{SeqCount, SeqLatch, SeqLock, field};

/// Calls a function once for each size, given in words of eight bytes.
macro_rules! at_sizes {
    ($function:ident, $group:expr) => {
        $function::<1>(&mut $group);
        $function::<8>(&mut $group);
        $function::<32>(&mut $group);
        $function::<128>(&mut $group);
        $function::<512>(&mut $group);
    };
}

type Group<'a> = criterion::BenchmarkGroup<'a, criterion::measurement::WallTime>;

fn copies(criterion: &mut Criterion) {
    at_sizes!(read, criterion.benchmark_group("read"));
    at_sizes!(read_into, criterion.benchmark_group("read_into"));
    at_sizes!(set, criterion.benchmark_group("set"));
    at_sizes!(update, criterion.benchmark_group("update"));
    at_sizes!(latch_read, criterion.benchmark_group("latch_read"));
    at_sizes!(latch_set, criterion.benchmark_group("latch_set"));
}

fn size<const WORDS: usize>(group: &mut Group<'_>) -> BenchmarkId {
    let bytes = WORDS as u64 * 8;
    group.throughput(Throughput::Bytes(bytes));
    BenchmarkId::from_parameter(bytes)
}

fn read<const WORDS: usize>(group: &mut Group<'_>) {
    let (id, lock) = (size::<WORDS>(group), SeqLock::new([7_u64; WORDS]));
    group.bench_function(id, |bencher| {
        bencher.iter(|| {
            let value = black_box(&lock).read();
            black_box(&value);
        });
    });
}

fn read_into<const WORDS: usize>(group: &mut Group<'_>) {
    let (id, lock) = (size::<WORDS>(group), SeqLock::new([7_u64; WORDS]));
    let mut out = [0; WORDS];
    group.bench_function(id, |bencher| {
        bencher.iter(|| {
            black_box(&lock).read_into(&mut out);
            black_box(&mut out);
        });
    });
}

fn set<const WORDS: usize>(group: &mut Group<'_>) {
    let (id, lock) = (size::<WORDS>(group), SeqLock::new([7_u64; WORDS]));
    let value = [8; WORDS];
    group.bench_function(id, |bencher| bencher.iter(|| lock.set(*black_box(&value))));
}

fn update<const WORDS: usize>(group: &mut Group<'_>) {
    let (id, lock) = (size::<WORDS>(group), SeqLock::new([7_u64; WORDS]));
    group.bench_function(id, |bencher| {
        bencher.iter(|| lock.update(|value| value[0] += 1));
    });
}

fn latch_read<const WORDS: usize>(group: &mut Group<'_>) {
    let (id, latch) = (size::<WORDS>(group), SeqLatch::new([7_u64; WORDS]));
    group.bench_function(id, |bencher| {
        bencher.iter(|| {
            let value = black_box(&latch).read();
            black_box(&value);
        });
    });
}

fn latch_set<const WORDS: usize>(group: &mut Group<'_>) {
    let (id, latch) = (size::<WORDS>(group), SeqLatch::new([7_u64; WORDS]));
    let value = [8; WORDS];
    group.bench_function(id, |bencher| bencher.iter(|| latch.set(*black_box(&value))));
}

#[derive(Clone, Copy)]
struct Big {
    _before: [u64; 255],
    middle: u64,
    _after: [u64; 256],
}

fn small_things(criterion: &mut Criterion) {
    let big = SeqLock::new(Big { _before: [0; 255], middle: 7, _after: [0; 256] });
    criterion.bench_function("field of 4 KiB", |bencher| {
        bencher.iter(|| black_box(&big).read_fields(field!(Big, middle)));
    });
    let count = SeqCount::<usize>::new();
    criterion.bench_function("SeqCount, empty read", |bencher| {
        bencher.iter(|| black_box(&count).read(|| ()));
    });
    let lock = SeqLock::new([7_u64; 8]);
    criterion.bench_function("unchanged since", |bencher| {
        let mut seen = lock.version();
        bencher.iter(|| black_box(&lock).read_if_changed(&mut seen).is_none());
    });
}

criterion_group!(benches, copies, small_things);
criterion_main!(benches);
