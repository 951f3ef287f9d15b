// SPDX-License-Identifier: MIT OR Apache-2.0
//! What each hot path must and must not contain.

use crate::listing::Listing;

/// Instructions of a function that must be there exactly so often; those of a family that are not
/// listed must not be there at all.
struct Rule {
    probes: &'static [&'static str],
    exactly: &'static [(&'static str, usize)],
    calls: &'static [&'static str],
}

const SMALL_READS: &[&str] = &[
    "read_8",
    "read_odd_12",
    "read_48",
    "read_64",
    "read_into_64",
    "try_read_8",
    "read_field_of_4096",
    "latch_read_64",
    "count_read_16",
];

/// Where a path goes on that met a writer. Not part of the hot path.
const COLD: &[&str] = &[
    "read_contended",
    "read_versioned_contended",
    "fill_contended",
    "read_fields_contended",
    "consistent_contended",
    "read_begin_contended",
];

/// The instructions of a cold path of one type; the smallest copy of it in line would already be more.
const LARGEST_COLD: usize = 12;

/// Calls that the lock makes when it is contended, and a writer when a thread or task waits.
const COLD_WRITES: &[&str] =
    &["lock_contended", "wake_first", "wake_all", "_Unwind_Resume", "panic_in_cleanup"];

/// The same, and the copy of a large value.
const LARGE_WRITES: &[&str] = &["memcpy", "wake_first", "wake_all", "_Unwind_Resume"];

/// Everything that orders memory or locks a bus, by the beginning of its mnemonic.
fn is_fence(arch: &str, line: &str) -> bool {
    let first = line.split(' ').next().unwrap_or("");
    match arch {
        "x86_64" => {
            let fences = ["lock", "mfence", "lfence", "sfence", "xchg", "cmpxchg", "#MEMBARRIER"];
            fences.iter().any(|fence| first.starts_with(fence))
        }
        _ => {
            let fences = ["dmb", "dsb", "isb", "lda", "stl", "ldx", "stx", "cas", "swp", "ldadd"];
            fences.iter().any(|fence| first.starts_with(fence))
        }
    }
}

fn rules(arch: &str) -> Vec<Rule> {
    match arch {
        "x86_64" => vec![
            Rule { probes: SMALL_READS, exactly: &[("#MEMBARRIER", 1)], calls: &[] },
            Rule {
                probes: &["read_into_2048", "read_in_place"],
                exactly: &[("#MEMBARRIER", 1)],
                calls: &["memcpy"],
            },
            Rule { probes: &["count_write_16"], exactly: &[("#MEMBARRIER", 1)], calls: &[] },
            // The second one is the compiler's half of the fence before the load that finds waiters.
            Rule { probes: &["writer_set_64"], exactly: &[("#MEMBARRIER", 2)], calls: COLD_WRITES },
            // The same, and a fence for stores that may bypass the cache.
            Rule {
                probes: &["writer_set_16k"],
                exactly: &[("#MEMBARRIER", 2), ("sfence", 1)],
                calls: LARGE_WRITES,
            },
            // One locked instruction, which takes the lock. Releasing it is a store, followed by the
            // compiler's half of a fence, here and on the path of a panic.
            Rule {
                probes: &["set_8", "set_64"],
                exactly: &[("#MEMBARRIER", 4), ("xchgb", 1)],
                calls: COLD_WRITES,
            },
        ],
        "aarch64" => vec![
            Rule { probes: SMALL_READS, exactly: &[("lda", 1), ("dmb ishld", 1)], calls: &[] },
            Rule {
                probes: &["read_into_2048", "read_in_place"],
                exactly: &[("lda", 1), ("dmb ishld", 1)],
                calls: &["memcpy"],
            },
            // Both stores to the count are Release: a version is taken from the odd count too.
            Rule {
                probes: &["writer_set_64", "count_write_16"],
                exactly: &[("dmb ish", 1), ("stlr", 2)],
                calls: COLD_WRITES,
            },
            Rule {
                probes: &["writer_set_16k"],
                exactly: &[("dmb ish", 1), ("stlr", 2)],
                calls: LARGE_WRITES,
            },
        ],
        _ => panic!("no rules for {arch}"),
    }
}

pub(crate) fn check(arch: &str, listing: &Listing) {
    for rule in rules(arch) {
        for probe in rule.probes {
            check_one(arch, probe, listing.function(probe), &rule);
        }
    }
    assert!(listing.names().count() >= SMALL_READS.len(), "probes are missing");
    if arch == "x86_64" {
        check_store_fence(listing.function("writer_set_16k"));
    }
    check_contended(listing);
}

/// Stores of a large copy may bypass the cache: `sfence` keeps them behind the store of the odd count (P2).
fn check_store_fence(body: &[String]) {
    let first = |is_it: &dyn Fn(&str) -> bool| body.iter().position(|line| is_it(line));
    let stores = |line: &str| ["mov", "inc", "add"].iter().any(|name| line.starts_with(name));
    let odd = first(&|line| stores(line) && line.ends_with(')') && !line.contains("%rsp"));
    let fence = first(&|line| line == "sfence");
    let copy = first(&|line| line.contains("memcpy"));
    assert!(odd.is_some() && odd < fence && fence < copy, "odd {odd:?}, {fence:?}, copy {copy:?}");
}

/// For contended reads a type adds only a call to code that a program has once.
fn check_contended(listing: &Listing) {
    for cold in ["14fill_contended", "14read_contended"] {
        let lengths: Vec<usize> = listing.lengths(&["9sequenced", cold]).collect();
        assert!(lengths.len() > 1, "{cold}: no probes of several types");
        assert!(lengths.iter().all(|&length| length <= LARGEST_COLD), "{cold}: {lengths:?}");
    }
    // The one of `SeqLock` and the one of `SeqLatch`.
    assert_eq!(listing.lengths(&["9contended4fill17h"]).count(), 2, "the code that is there once");
}

/// No move of a vector in the legacy encoding, which waits for the upper half of its register and, on
/// some processors, pays for a change between the two kinds.
pub(crate) fn check_vex(listing: &Listing) {
    let mut moves = 0;
    for name in listing.names() {
        for line in listing.function(name) {
            let is_vector = line.contains("%xmm") || line.contains("%ymm");
            assert!(!is_vector || line.starts_with('v'), "{name}: `{line}` is not in VEX encoding");
            moves += usize::from(is_vector);
        }
    }
    assert!(moves > 0, "no probe moves a vector");
}

fn check_one(arch: &str, probe: &str, body: &[String], rule: &Rule) {
    let mut fences = 0;
    for (fence, times) in rule.exactly {
        let found = body.iter().filter(|line| matches(line, fence)).count();
        assert_eq!(found, *times, "{arch} {probe}: `{fence}` stands {found} times");
        fences += found;
    }
    let all: Vec<&String> = body.iter().filter(|line| is_fence(arch, line)).collect();
    assert_eq!(all.len(), fences, "{arch} {probe}: no other ordering instructions than {all:?}");
    for call in body.iter().filter_map(|line| callee(arch, line)) {
        let known = COLD.iter().chain(rule.calls).any(|name| call.contains(name));
        assert!(known, "{arch} {probe}: calls `{call}`");
    }
}

/// `lda` stands for `ldar` and `ldapr`, with any width; two words match the instruction as a whole.
fn matches(line: &str, pattern: &str) -> bool {
    match pattern.split_once(' ') {
        Some(("lock", _)) => line.starts_with(pattern),
        Some(_) => line == pattern,
        None => line.split(' ').next().is_some_and(|first| first.starts_with(pattern)),
    }
}

/// The target of a call, or of a jump to another function.
fn callee<'a>(arch: &str, line: &'a str) -> Option<&'a str> {
    let (mnemonic, target) = line.split_once(' ')?;
    let transfers = match arch {
        "x86_64" => mnemonic.starts_with("call") || mnemonic.starts_with('j'),
        _ => mnemonic.starts_with('b') || mnemonic.starts_with("cb") || mnemonic.starts_with("tb"),
    };
    let target = target.rsplit(' ').next()?;
    (transfers && !target.contains(".L")).then_some(target)
}

#[test]
fn broken_listings_fail_the_rules() {
    let broken = [
        ("read_8:\n\tmovq (%rdi), %rax\n\tretq\n.cfi_endproc", "a missing fence"),
        ("read_8:\n\tlock xaddq %rax, (%rdi)\n#MEMBARRIER\n.cfi_endproc", "a locked instruction"),
        ("read_8:\n#MEMBARRIER\n\tmfence\n.cfi_endproc", "a full fence"),
        ("read_8:\n#MEMBARRIER\n\tcallq *memcpy@GOTPCREL(%rip)\n.cfi_endproc", "a call"),
    ];
    let rule = Rule { probes: &["read_8"], exactly: &[("#MEMBARRIER", 1)], calls: &[] };
    for (text, what) in broken {
        let listing = Listing::parse(text);
        let verdict = std::panic::catch_unwind(|| {
            check_one("x86_64", "read_8", listing.function("read_8"), &rule);
        });
        assert!(verdict.is_err(), "{what} passed");
    }
    let fine =
        Listing::parse("read_8:\n#MEMBARRIER\n\tjne .LBB1_2\n\tretq\n.LBB1_2:\n.cfi_endproc");
    check_one("x86_64", "read_8", fine.function("read_8"), &rule);
}
