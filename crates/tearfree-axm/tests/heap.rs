// SPDX-License-Identifier: MIT OR Apache-2.0
//! Threads allocate nodes, publish their addresses, and free them.
#![expect(unsafe_code, reason = "nodes are raw pointers")]

use core::ptr;
use core::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release};

use tearfree_axm::cell::UnsafeCell;
use tearfree_axm::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Program, Report, heap};

struct Node {
    count: AtomicUsize,
    value: UnsafeCell<&'static str>,
}

type Head = AtomicPtr<Node>;

fn node(count: usize, value: &'static str) -> *mut Node {
    let node = Node { count: AtomicUsize::new(count), value: UnsafeCell::new(value) };
    // SAFETY: a `Node` has these two words.
    unsafe { heap::alloc(node) }
}

fn found<'a>(head: &Head, order: Ordering) -> Option<&'a Node> {
    // SAFETY: the memory of nodes stays, and the checker reports a use after free.
    unsafe { head.load(order).as_ref() }
}

fn value(node: &Node) -> &'static str {
    // SAFETY: the pointer is valid until the closure returns.
    node.value.with(|value| unsafe { *value })
}

fn failed_with(report: &Report, complaint: &str) {
    let is_it = |failure: &String| failure.contains(complaint);
    assert!(report.failures.keys().any(is_it), "no {complaint:?} in {:?}", report.failures.keys());
}

#[test]
fn a_node_that_is_published_has_the_values_of_its_execution() {
    let explore = |publish| {
        Program::new((Head::default(), AtomicUsize::new(0)))
            .silent(move |(head, which)| {
                let made = match which.load(Relaxed) {
                    0 => node(1, "one"),
                    _ => node(2, "two"),
                };
                head.store(made, publish);
            })
            .silent(|(_, which)| which.store(1, Relaxed))
            .thread(|(head, _)| match found(head, Acquire) {
                Some(node) => format!("{} {}", node.count.load(Relaxed), value(node)),
                None => "none".to_owned(),
            })
            .explore()
    };
    let report = explore(Release);
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert_eq!(report.seen(), ["1 one", "2 two", "none"]);
    failed_with(&explore(Relaxed), "data race");
}

#[test]
fn nodes_of_two_threads_and_of_one_are_different_words() {
    let two = |first: usize| {
        move |_: &Head| {
            let nodes = [node(first, "a"), node(first + 1, "b")];
            // SAFETY: the memory of nodes stays.
            let counts = nodes.map(|node| unsafe { &*node }.count.fetch_add(10, Relaxed));
            // SAFETY: as above.
            let after = nodes.map(|node| unsafe { &*node }.count.load(Relaxed));
            format!("{counts:?} {after:?}")
        }
    };
    let report = Program::new(Head::default()).thread(two(1)).thread(two(5)).explore();
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert_eq!(report.seen(), ["[1, 2] [11, 12], [5, 6] [15, 16]"]);
}

/// Explores a writer that replaces a node and frees the old one, which is correct without a reader.
fn replaced(free_twice: bool, with_reader: bool) -> Report {
    let mut program = Program::new(Head::default()).silent(move |head| {
        head.store(node(1, "one"), Release);
        let old = head.swap(node(2, "two"), AcqRel);
        heap::free(old);
        if free_twice {
            heap::free(old);
        }
    });
    if with_reader {
        program = program.thread(|head| found(head, Acquire).map_or("none", value).to_owned());
    }
    program.after(|head| value(found(head, Relaxed).unwrap()).to_owned()).explore()
}

#[test]
fn a_double_free_and_a_free_with_a_reader_are_reported() {
    let alone = replaced(false, false);
    assert!(alone.failures.is_empty(), "{:?}", alone.failures);
    assert_eq!(alone.seen(), ["two"]);
    failed_with(&replaced(true, false), "use after free: free m");
    failed_with(&replaced(false, true), "data race");
}

#[test]
fn a_use_after_the_free_is_reported() {
    let report = Program::new((Head::default(), AtomicUsize::new(0)))
        .silent(|(head, is_freed)| {
            let made = node(1, "one");
            head.store(made, Release);
            // SAFETY: the memory of nodes stays.
            unsafe { &*made }.count.store(3, Relaxed);
            heap::free(made);
            is_freed.store(1, Release);
        })
        .silent(|(head, is_freed)| {
            if is_freed.load(Acquire) == 1 {
                found(head, Acquire).unwrap().count.load(Relaxed);
            }
        })
        .explore();
    failed_with(&report, "use after free: free m");
    assert!(report.failures.keys().all(|failure| failure.contains("heap.rs:")), "{report:?}");
}

#[test]
fn memory_that_was_not_allocated_cannot_be_freed() {
    let dangling = Program::new(()).silent(|()| heap::free(ptr::dangling_mut::<Node>()));
    let middle = Program::new(()).silent(|()| heap::free(node(1, "one").wrapping_byte_add(1)));
    for program in [dangling, middle] {
        failed_with(&program.explore(), "memory is freed that no thread has allocated");
    }
}

#[test]
fn accesses_of_two_sizes_to_the_same_bytes_are_refused() {
    for half in 0..2 {
        let report = Program::new(AtomicU64::new(0))
            .silent(|word| {
                word.store(1, Relaxed);
                let halves = ptr::from_ref(word).cast::<AtomicU32>();
                // SAFETY: both halves are in the word, and 32 bits need no greater alignment.
                let half = unsafe { &*halves.wrapping_add(half) };
                half.store(1, Relaxed);
            })
            .explore();
        failed_with(&report, "accesses of two sizes to the same bytes");
    }
}
