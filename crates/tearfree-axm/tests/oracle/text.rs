// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs as litmus files.

use core::fmt::Write;
use core::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release};

use crate::program::{Op, Threads, WORDS};

/// Returns the program as a litmus file. The reads of thread `t` are in its registers `r0`, `r1`, ..
pub(crate) fn litmus(threads: &Threads) -> String {
    let mut text = String::from("C random\n{ }\n");
    for (thread, ops) in threads.iter().enumerate() {
        let is_plain = |at: usize| ops.iter().any(|op| op.is_plain() && op.location() == Some(at));
        let parameter = |at| format!("{} x{at}", if is_plain(at) { "int*" } else { "atomic_int*" });
        let parameters: Vec<String> = (0..WORDS).map(parameter).collect();
        writeln!(text, "P{thread} ({}) {{", parameters.join(", ")).unwrap();
        let mut reads = 0;
        for &op in ops {
            text += &statement(op, reads);
            reads += usize::from(op.reads());
        }
        text += "}\n";
    }
    text
}

/// Returns the statement of an operation behind `reads` reads.
fn statement(op: Op, reads: usize) -> String {
    let r = format!("int r{reads}");
    match op {
        Op::Load(at, order) => format!("  {r} = {};\n", call("load", at, "", &[order])),
        Op::Store(at, value, order) => {
            format!("  {};\n", call("store", at, &format!(", {value}"), &[order]))
        }
        Op::Add(at, by, order) => {
            format!("  {r} = {};\n", call("fetch_add", at, &format!(", {by}"), &[order]))
        }
        Op::Exchange(at, [expected, new], orders) => {
            let arguments = format!(", &r{reads}, {new}");
            let call = call("compare_exchange_strong", at, &arguments, &orders);
            format!("  {r} = {expected};\n  {call};\n")
        }
        // Without a read, it does not happen.
        Op::StoreIf(..) if reads == 0 => String::new(),
        Op::StoreIf(at, value, order) => {
            let call = call("store", at, &format!(", {value}"), &[order]);
            format!("  if (r{} != 0) {call};\n", reads - 1)
        }
        Op::Fence(order) => format!("  atomic_thread_fence({});\n", name(order)),
        Op::PlainLoad(at) => format!("  {r} = *x{at};\n"),
        Op::PlainStore(at, value) => format!("  *x{at} = {value};\n"),
    }
}

/// A call without orderings is sequentially consistent.
fn call(name_of_call: &str, at: usize, arguments: &str, orders: &[Ordering]) -> String {
    if orders.iter().all(|&order| order == Ordering::SeqCst) {
        return format!("atomic_{name_of_call}(x{at}{arguments})");
    }
    let orders: Vec<&str> = orders.iter().map(|&order| name(order)).collect();
    format!("atomic_{name_of_call}_explicit(x{at}{arguments}, {})", orders.join(", "))
}

fn name(order: Ordering) -> &'static str {
    match order {
        Relaxed => "memory_order_relaxed",
        Acquire => "memory_order_acquire",
        Release => "memory_order_release",
        AcqRel => "memory_order_acq_rel",
        _ => "memory_order_seq_cst",
    }
}

/// Returns a final state of a litmus file as an outcome of `definition`.
pub(crate) fn outcome(state: &str, threads: usize) -> String {
    let mut seen = vec![String::from("."); threads];
    let mut words = Vec::new();
    for part in state.split([',', ' ']).filter(|part| !part.is_empty()) {
        let (variable, value) = part.split_once('=').unwrap();
        match variable.split_once(':') {
            // At most five, so they are sorted.
            Some((thread, _)) => seen[thread.parse::<usize>().unwrap()] += &format!(" {value}"),
            None => words.push(value),
        }
    }
    seen.push(words.join(" "));
    seen.join(", ")
}
