// SPDX-License-Identifier: MIT OR Apache-2.0
//! The check itself can fail: each kind of fault, planted in a small text, is noticed.

use crate::check::check;
use crate::known::Documents;

const DESIGN: &str = "**P1** one. src/**/*.rs **P2.** two. **P3** three.";
const TESTING: &str = "| P1 | a | `begin` |\n| P2 | b | `even` |\n";
const ORDER: &str = "\
// ORDERING: P1. Pairs with the store in `even`.
begin = Acquire;
// ORDERING: P2. Pairs with the load in `begin`.
even = Release;
// ORDERING: Relaxed, P3. The fences carry the order, not this.
pub(crate) const PLAIN: Ordering = Ordering::Relaxed;
";

/// The faults of one file beside a table of orderings.
fn faults_in(file: &str, source: &str, order: &str) -> String {
    let source = format!("fn read_retry() {{}}\n\n{source}\n");
    let files = [("src/order.rs".into(), order.into()), (file.into(), source)];
    check(&files, &Documents { design: DESIGN, testing: TESTING }).faults.join("\n")
}

fn faults_of(snippet: &str) -> String {
    faults_in("src/a.rs", snippet, ORDER)
}

fn expect(cases: &[(&str, &str)], faults_of: impl Fn(&str) -> String) {
    for (bad, what) in cases {
        let faults = faults_of(bad);
        assert!(faults.contains(what), "{bad}\ngave: {faults}\ninstead of: {what}");
    }
}

#[test]
fn good_notes_pass() {
    for good in [
        "// ORDERING: P1. Pairs with the store in `read_retry`.\nx.load(order::begin());",
        "let old = 1;\n// ORDERING: P1. Orders the second load too; pairs with\n// `Count::read_retry(..)`.\nlet a = x\n    .load(order::begin());\nx.load(PLAIN);",
        "x.store(1, Ordering::Release); // ORDERING: P2. Pairs with the load in `begin`.\n",
        "// ORDERING: Relaxed: an independent word, a statistic.\nx.load(Relaxed);",
        "// ORDERING: Relaxed, P3. The fence in `read_retry` carries the order.\nx.load(PLAIN);",
        "// ORDERING: P1. Pairs with `even`; a failure publishes nothing.\nx.swap(1, order::begin(), PLAIN);",
        "// ORDERING: orders this store before that of `read_retry`.\nx.store(1, Release);",
        "use core::sync::atomic::{\n    Ordering::Relaxed,\n    fence,\n};",
        "// Acquire\n/// order::begin()\nfn fence() { say(\"Relaxed \\\" fence(\", '\"', r#\"Release\"#) }",
        "#[cfg(test)]\nmod tests {\n    fn t() { x.load(SeqCst) }\n}",
        "// SAFETY: no other thread runs yet.\nlet y = run(\n    unsafe { z() });",
        "/// # Safety\n/// `a` is valid, and so on.\nunsafe fn f(a: *mut u8) {\n    // SAFETY: `a` is valid for writes, as this function demands.\n    unsafe { *a = 1 };\n}",
        "type F = unsafe extern \"C\" fn(i32);",
    ] {
        assert_eq!(faults_of(good), "", "{good}");
    }
}

#[test]
fn a_missing_note_fails() {
    expect(
        &[
            ("x.load(Acquire);", "src/a.rs:3: `Acquire`: no ORDERING note"),
            (
                "// ORDERING: P1. Pairs with `even` there.\n\norder::begin();",
                "`begin`: no ORDERING",
            ),
            ("sync::fence(strong);", "`fence`: no ORDERING note"),
            (
                "// ORDERING: Relaxed: a statistic, see `begin`.\nf(PLAIN);\n// And more.\ng(PLAIN);",
                "src/a.rs:6: `PLAIN`: no ORDERING note",
            ),
            ("/// ORDERING: P3. `begin` has the order.\nf(PLAIN);", "`PLAIN`: no ORDERING note"),
            ("#[cfg(test)]\nmod tests {\n}\nf(SeqCst);", "src/a.rs:6: `SeqCst`: no ORDERING note"),
            ("use Ordering::Relaxed as R;", "imports an ordering"),
            ("use order::begin;", "imports an ordering"),
            (
                "// SAFETY: f has no demands.\nf();\nlet y = unsafe { z() };",
                "no SAFETY note directly",
            ),
            ("unsafe impl Send for A {}", "`unsafe`: no SAFETY note"),
        ],
        faults_of,
    );
    let order = ORDER.replace("// ORDERING: P2. Pairs with the load in `begin`.\n", "");
    assert!(faults_in("src/a.rs", "", &order).contains("order.rs:3: `even`: no ORDERING note"));
}

#[test]
fn a_note_that_cites_the_obligation_of_another_ordering_fails() {
    expect(
        &[
            (
                "// ORDERING: P2. Pairs with the store in `even`.\norder::begin();",
                "cites P2, and `begin`",
            ),
            (
                "// ORDERING: P1, P2. Pairs with `even` there.\norder::begin();",
                "cites P2, and `begin`",
            ),
            (
                "// ORDERING: pairs with the store in `even`.\norder::begin();",
                "does not begin with what `begin`",
            ),
            (
                "// ORDERING: P1. Pairs with `even` twice.\norder::begin();\norder::begin();",
                "src/a.rs:5: `begin`: shares its ORDERING note with another one",
            ),
            (
                "// ORDERING: P1. Pairs with `even`.\nx.swap(1, order::begin(), order::even());",
                "does not begin with what `even` is for",
            ),
            (
                "// ORDERING: P2. Pairs with `even`, over there.\nf(Acquire);",
                "cites P2, and `Acquire`",
            ),
            (
                "// ORDERING: Relaxed, P1. The fence in `begin` has it.\nf(PLAIN);",
                "cites P1, and `PLAIN`",
            ),
            (
                "// ORDERING: P3. A fence, for `begin` there.\nfence(strong);",
                "cites P3, and `fence`",
            ),
            (
                "// ORDERING: P7. See `begin` for the order.\nf(Relaxed);",
                "cites P7, which DESIGN.md does not",
            ),
            (
                "// SAFETY: P9. The lock is held.\nunsafe { z() }",
                "cites P9, which DESIGN.md does not",
            ),
            (
                "// ORDERING: P1. See `gone` for the order.\nf(Acquire);",
                "names no function that exists",
            ),
            (
                "// ORDERING: P1. See begin for the order.\nf(Acquire);",
                "names no function that exists",
            ),
            ("// ORDERING: Relaxed: `begin` has it.\nf(Acquire);", "says \"Relaxed\" of `Acquire`"),
            (
                "// ORDERING: pairs with the store in `even`.\nf(Relaxed);",
                "does not begin with \"Relaxed\"",
            ),
        ],
        faults_of,
    );
}

#[test]
fn a_row_whose_obligation_has_no_evidence_fails() {
    let all_the_same = ORDER.replace("P1.", "P3.").replace("P2.", "P3.");
    let faults = faults_in("src/a.rs", "", &all_the_same);
    assert!(faults.contains("`begin` cites {\"P3\"}, TESTING.md names it at {\"P1\"}"), "{faults}");
    assert!(faults.contains("`even` cites {\"P3\"}, TESTING.md names it at {\"P2\"}"), "{faults}");
}

#[test]
fn a_note_that_says_nothing_fails() {
    let texts = [
        "",
        "fine, really.",
        "by the caller's promise.",
        "P1, by the caller's promise.",
        "as above.",
        "see above.",
        "same as above.",
        "the contract of this function.",
        "P3. As in `begin`.",
        "P3. As above, with the store in `begin` and the load in `even`.",
    ];
    for text in texts {
        let bad = format!("// SAFETY: {text}\nunsafe {{ z() }}");
        assert!(faults_of(&bad).contains("says nothing about this line"), "{bad}");
        let bad = format!("// ORDERING: {text}\nx.load(Relaxed);");
        assert!(faults_of(&bad).contains("says nothing about this line"), "{bad}");
    }
    let repeated = "/// # Safety\n/// `a` is valid for reads, and aligned.\nunsafe fn f() {\n    \
                    // SAFETY: `a` is valid for reads.\n    unsafe { z() }\n}";
    assert!(faults_of(repeated).contains("only repeats the contract"), "{}", faults_of(repeated));
}

#[test]
fn one_text_for_many_different_lines_fails() {
    let with = |notes: [&str; 4]| {
        let lines = notes.iter().enumerate();
        lines.map(|(i, note)| format!("// {note}\nunsafe {{ f{i}() }};\n")).collect::<String>()
    };
    let same = with(["SAFETY: P1. All is well here."; 4]);
    assert!(faults_of(&same).contains("one SAFETY note for 4 different lines"));
    // Other obligations make no other argument.
    let renumbered = with(["P1", "P2", "P3", "P1, P2"].map(|p| match p {
        "P1" => "SAFETY: P1. All is well here.",
        "P2" => "SAFETY: P2. All is well here.",
        "P3" => "SAFETY: P3. All is well here.",
        _ => "SAFETY: P1, P2. All is well here.",
    }));
    assert!(faults_of(&renumbered).contains("one SAFETY note for 4 different lines"));
    let orderings = (0..4).map(|i| {
        format!("// ORDERING: Relaxed: an independent word, a statistic.\nx{i}.load(Relaxed);\n")
    });
    let faults = faults_of(&orderings.collect::<String>());
    assert!(faults.contains("one ORDERING note for 4 different lines"), "{faults}");

    let of_own = with([
        "SAFETY: the first holds here.",
        "SAFETY: the second holds here.",
        "SAFETY: the third holds here.",
        "SAFETY: the fourth holds here.",
    ]);
    assert_eq!(faults_of(&of_own), "");
    let same_code = "// SAFETY: all is well here.\nunsafe { f() };\n".repeat(9);
    assert_eq!(faults_of(&same_code), "");
}

#[test]
fn the_orderings_of_c_need_notes_too() {
    let faults_of = |source: &str| faults_in("include/a.h", source, ORDER);
    expect(
        &[
            ("\t__atomic_load_n(p, __ATOMIC_ACQUIRE);", "a.h:3: `Acquire`: no ORDERING note"),
            ("\treturn READ_ONCE(*p);", "`Relaxed`: no ORDERING note"),
            ("\tTEARFREE_FENCE(order);", "`fence`: no ORDERING note"),
            (
                "\t/* ORDERING: P2. Pairs with\n\t * `even`, there. */\n\tf(__ATOMIC_ACQUIRE);",
                "cites P2",
            ),
            ("\t/* ORDERING: as above. */\n\tf(__ATOMIC_RELAXED);", "says nothing"),
        ],
        faults_of,
    );
    for good in [
        "\t/* ORDERING: P1. Pairs with\n\t * `write`, there. */\n\tf(__ATOMIC_ACQUIRE);\n}\nvoid write(int *p)",
        "/* READ_ONCE(x) loads once. */\n#define READ_ONCE(x) f(x)",
    ] {
        assert_eq!(faults_of(good), "", "{good}");
    }
}

#[test]
fn only_files_that_are_compiled_for_tests_alone_are_exempt() {
    for (declared, is_exempt) in [
        ("#[cfg(test)]\nmod tests;", true),
        ("#[cfg(all(test, not(tearfree_axm)))]\nmod tests;", true),
        ("#[cfg(not(test))]\nmod tests;", false),
        ("mod tests;", false),
    ] {
        let files = [
            ("src/copy.rs".into(), declared.into()),
            ("src/copy/tests.rs".into(), "f(Relaxed);".into()),
        ];
        let report = check(&files, &Documents { design: "", testing: "" });
        assert_eq!(report.faults.is_empty(), is_exempt, "{declared}");
    }
}
