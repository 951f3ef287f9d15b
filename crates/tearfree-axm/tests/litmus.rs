// SPDX-License-Identifier: MIT OR Apache-2.0
//! The litmus tests that the checker reads: their calls, operators and conditions, and what is refused.

use tearfree_axm::litmus::{Litmus, Verdict};

#[test]
fn a_text_that_is_not_a_test_is_refused_with_its_line() {
    let good = "C a\n(* expect: Never *)\n{ }\nP0 (atomic_int* x) {\n  int r0 = atomic_load_explicit(x, memory_order_relaxed);\n}\nexists (0:r0=1)\n";
    assert_eq!(Litmus::parse(good).unwrap().verdict(), Verdict::Never);
    for (from, to, line, what) in [
        ("C a", "AArch64 a", 1, "a C test begins"),
        ("Never", "Seldom", 2, "takes Never"),
        (
            "memory_order_relaxed",
            "memory_order_consume",
            5,
            "expected a memory order that this call can have, found `memory_order_consume`",
        ),
        ("int r0 = ", "while ", 5, "expected `=`"),
        ("exists", "never", 7, "expected `exists`"),
        ("r0=1)", "r0=one)", 7, "expected a number, found `one`"),
        ("exists", "~ (", 7, "expected `exists`"),
        (
            "exists",
            "filter (0:r0=0) exists",
            7,
            "expected `exists`, `~exists` or `forall`, found `filter`",
        ),
        ("P0 (atomic", "exists (atomic", 4, "expected a thread like `P0`"),
        ("atomic_load_explicit", "smp_load_acquire", 5, "`smp_load_acquire` is not a register"),
        (
            "atomic_load_explicit",
            "atomic_store_explicit",
            5,
            "a call of C11's atomics that returns a value",
        ),
        ("atomic_int* x", "atomic_int** x", 4, "expected a name"),
        (";\n}", " + *x;\n}", 5, "`x` is atomic"),
        (";\n}", " + atomic_load(x);\n}", 5, "C does not order these two accesses"),
        ("(0:r0=1)", "(0:r0=1", 7, "expected `)`"),
    ] {
        let error = Litmus::parse(&good.replacen(from, to, 1)).expect_err(to);
        assert!(error.message.contains(what) && error.line == line, "{to}: {error}");
    }
}

/// In herd7 an unknown name is zero, which may prove the condition.
#[test]
fn an_unknown_or_ambiguous_name_is_refused() {
    let good = "C a
(* expect: Sometimes *)
{ x = 0; }
P0 (atomic_int* x, int* y) {
  int r0 = atomic_load_explicit(x, memory_order_relaxed);
  *y = r0 + 1;
}
P1 (atomic_int* x) {
  atomic_store_explicit(x, 1, memory_order_relaxed);
}
locations [y; 0:r0; ] exists (0:r0=1 /\\ x=1)
";
    assert_eq!(Litmus::parse(good).unwrap().verdict(), Verdict::Sometimes);
    for (from, to, line, what) in [
        ("0:r0=1", "0:r9=1", 11, "P0 has no register `r9`"),
        ("0:r0=1", "2:r0=1", 11, "there is no thread P2"),
        ("0:r0=1", "1:r0=1", 11, "P1 has no register `r0`"),
        ("x=1)", "z=1)", 11, "no thread has a parameter `z`"),
        ("x = 0", "xx = 0", 3, "no thread has a parameter `xx`"),
        ("r0 + 1", "r1 + 1", 6, "`r1` is not a register that P0 has assigned"),
        ("explicit(x, 1", "explicit(y, 1", 9, "`y` is not a parameter of P1"),
        ("[y", "[z", 11, "no thread has a parameter `z`"),
        ("0:r0; ", "0:r1; ", 11, "P0 has no register `r1`"),
        ("*y = r0", "*x = r0", 6, "`x` is atomic: use atomic calls"),
        ("P1 (", "P0 (", 8, "there are two threads `P0`"),
        ("x = 0;", "x = 0; [x] = 1;", 3, "`x` has two start values"),
        ("int* y", "int* x", 4, "P0 has two parameters `x`"),
        ("int r0", "int x", 5, "`x` is also a parameter of P0"),
        ("{ x", "(* expect: Never *) { x", 2, "there are two comments that say `expect:`"),
        ("P1 (", "Px (", 8, "expected a thread like `P0`"),
        ("x, memory_order_relaxed", "x, memory_order_release", 5, "that this call can have"),
        ("1, memory_order_relaxed", "1, memory_order_acquire", 9, "that this call can have"),
    ] {
        let error = Litmus::parse(&good.replacen(from, to, 1)).expect_err(to);
        assert!(error.message.contains(what) && error.line == line, "{to}: {error}");
    }
}

#[test]
fn threads_have_the_numbers_in_their_names() {
    let text = "C a
(* expect: Sometimes *)
{ }
P1 (atomic_int* x) { int r0 = atomic_load_explicit(x, memory_order_relaxed); }
P0 (atomic_int* x) { atomic_store_explicit(x, 1, memory_order_relaxed); }
exists (1:r0=1)
";
    assert_eq!(Litmus::parse(text).unwrap().verdict(), Verdict::Sometimes);
}

/// Explores a test of one or more threads, and returns its final states.
fn states(start: &str, threads: &[&str]) -> Vec<String> {
    let mut text = format!("C a\nKey=any information\n{{ {start} }}\n");
    for (number, body) in threads.iter().enumerate() {
        text += &format!("P{number} (atomic_int* x, volatile int *y) {{ {body} }}\n");
    }
    let test = Litmus::parse(&(text + "exists (true)")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((test.expected, test.verdict()), (None, Verdict::Always));
    test.states().into_iter().collect()
}

#[test]
fn calls_and_operators_do_what_they_do_in_c() {
    for (body, expected) in [
        ("*y = 7 - 2 + 1;", "x=6 y=6"),
        ("*y = -1; int r0 = *y < 0;", "0:r0=1, x=6 y=-1"),
        ("int r0 = 5 & 6 | 8 ^ 1; int r1 = 1 == 1 & 0;", "0:r0=13 0:r1=0, x=6 y=0"),
        ("int r0 = 2 > 1 != 2 >= 3; int r1 = 1 <= 0 || !0 && 3;", "0:r0=1 0:r1=1, x=6 y=0"),
        ("int r0 = atomic_load(x); int r1; r1 = r0 + 1;", "0:r0=6 0:r1=7, x=6 y=0"),
        ("atomic_store(x, 1); atomic_thread_fence(memory_order_relaxed);", "x=1 y=0"),
        ("int r0 = atomic_fetch_add(x, 2);", "0:r0=6, x=8 y=0"),
        ("int r0 = atomic_fetch_sub(x, 2);", "0:r0=6, x=4 y=0"),
        ("int r0 = atomic_fetch_or(x, 9);", "0:r0=6, x=15 y=0"),
        ("int r0 = atomic_fetch_and_explicit(x, 3, memory_order_acq_rel);", "0:r0=6, x=2 y=0"),
        ("int r0 = atomic_fetch_xor(x, 3);", "0:r0=6, x=5 y=0"),
        ("int r0 = atomic_exchange(x, 3);", "0:r0=6, x=3 y=0"),
        ("atomic_fetch_add(x, 2); { /* a block */ *y = 1; }", "x=8 y=1"),
        // The expected value is in a register or a plain word, and a failure leaves there what it found.
        (
            "int r0 = 6; int r1 = atomic_compare_exchange_strong(x, &r0, 7);",
            "0:r0=6 0:r1=1, x=7 y=0",
        ),
        (
            "int r0 = 5; int r1 = atomic_compare_exchange_strong(x, &r0, 7);",
            "0:r0=6 0:r1=0, x=6 y=0",
        ),
        ("int r1 = atomic_compare_exchange_strong(x, y, 7);", "0:r1=0, x=6 y=6"),
        (
            "*y = 6; int r1 = atomic_compare_exchange_strong_explicit(x, y, 7, \
             memory_order_release, memory_order_relaxed);",
            "0:r1=1, x=7 y=6",
        ),
        ("if (*y) *y = 1; else if (!*y) { *y = 2; }", "x=6 y=2"),
        ("int r0 = *y && *y; int r1 = *y || atomic_load(x);", "0:r0=0 0:r1=1, x=6 y=0"),
        ("int r0 = 0 && atomic_exchange(x, 1);", "0:r0=0, x=6 y=0"),
        ("int r0 = 2 || atomic_exchange(x, 1);", "0:r0=1, x=6 y=0"),
    ] {
        assert_eq!(states("int x = 6; [y] = 0", &[body]), [expected], "{body}");
    }
}

/// The parser would overflow its stack.
#[test]
fn a_text_that_nests_too_much_is_refused() {
    let parsed = |depth: usize, [open, inner, close]: [&str; 3], condition: &str| {
        let body = [&open.repeat(depth), inner, &close.repeat(depth)].concat();
        Litmus::parse(&format!("C a\n{{}}\nP0 (atomic_int* x) {{ {body} }}\n{condition}"))
    };
    for parts in [["{", "", "}"], ["if (1) ", "atomic_load(x);", ""]] {
        assert!(parsed(50, parts, "").is_ok());
        let error = parsed(100_000, parts, "").unwrap_err();
        assert!(error.message.contains("nested"), "{error}");
    }
    for (nested, end) in [("(", ")"), ("! ", "")] {
        let value = |depth: usize| {
            ["int r0 = ", &nested.repeat(depth), "1", &end.repeat(depth), ";"].concat()
        };
        assert!(parsed(1, ["", &value(50), ""], "").is_ok());
        let error = parsed(1, ["", &value(100_000), ""], "").unwrap_err();
        assert!(error.message.contains("nested"), "{error}");
    }
    for (nested, end) in [("(", ")"), ("~ ", ""), ("not ", "")] {
        let condition =
            |depth: usize| ["exists ", &nested.repeat(depth), "true", &end.repeat(depth)].concat();
        assert!(parsed(0, ["", "", ""], &condition(50)).is_ok());
        let error = parsed(0, ["", "", ""], &condition(100_000)).unwrap_err();
        assert!(error.message.contains("nested"), "{error}");
    }
}

/// As often as it occurs: there are no loops.
#[test]
fn a_weak_exchange_fails_spuriously() {
    let exchange = "r0 = r0 + atomic_compare_exchange_weak(x, &r1, 0);";
    let body = format!("int r0 = 0; int r1 = 0; {exchange} {exchange}");
    let seen = ["0:r0=0 0:r1=0, x=0 y=0", "0:r0=1 0:r1=0, x=0 y=0", "0:r0=2 0:r1=0, x=0 y=0"];
    assert_eq!(states("volatile int y;", &[&body]), seen);
    let strong = body.replace("weak", "strong");
    assert_eq!(states("", &[&strong]), seen[2..]);
}

/// A declaration as plain does not make an atomic call plain, and only one plain access makes a race.
#[test]
fn the_call_says_whether_an_access_is_atomic() {
    let load = "int r0 = atomic_load_explicit(y, memory_order_relaxed);";
    let store = "atomic_store_explicit(y, 1, memory_order_relaxed);";
    assert_eq!(states("", &[load, store]), ["0:r0=0, x=0 y=1", "0:r0=1, x=0 y=1"]);
    let text = |store: &str| {
        format!("C a\n{{}}\nP0 (int* y) {{ {load} }}\nP1 (int* y) {{ {store} }}\nexists 0:r0=1")
    };
    assert_eq!(Litmus::parse(&text(store)).unwrap().verdict(), Verdict::Sometimes);
    assert_eq!(Litmus::parse(&text("*y = 1;")).unwrap().verdict(), Verdict::Race);
}

#[test]
fn conditions_have_the_operators_of_herd7() {
    let load = "atomic_load_explicit(x, memory_order_relaxed)";
    let store = "atomic_store_explicit(x, -1, memory_order_relaxed)";
    // P1 finds -1 or 0; x is -1 at the end.
    for (condition, verdict) in [
        ("exists (1:r0=-1)", Verdict::Sometimes),
        ("exists 1:r0 != 0 /\\ [x]=-1", Verdict::Sometimes),
        ("~exists (1:r0=1)", Verdict::Never),
        ("~exists (1:r0=0 /\\ ~(x=-1))", Verdict::Never),
        ("forall (x=-1 \\/ false)", Verdict::Always),
        ("forall (1:r0=0 /\\ x=-1 \\/ 1:r0=-1 /\\ true)", Verdict::Always),
        ("forall (not (x=0))", Verdict::Always),
        ("", Verdict::Always),
        ("forall (1:r0=0 \\/ 1:r0=-1 /\\ x=0)", Verdict::Sometimes),
    ] {
        let text = format!(
            "C a\n{{ }}\nP0 (atomic_int* x) {{ {store}; }}\nP1 (atomic_int* x) {{ int r0 = {load}; }}\n{condition}"
        );
        assert_eq!(Litmus::parse(&text).unwrap().verdict(), verdict, "{condition}");
    }
}
