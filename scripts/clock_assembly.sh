#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Checks where the machine code of the clock reads the counter: behind the instruction that orders it, and between
# the two loads of the page's count. For x86-64, and for AArch64 with TEARFREE_AARCH64_RUSTC, a compiler for it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() { echo "FAILED: $*"; exit 1; }

# listing RUSTC TARGET CRATE OPTION...: compiles a crate, and prints what its functions do.
listing() {
    local rustc=$1 target=$2 crate=$3
    shift 3
    RUSTC=$rustc CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/clock_assembly cargo rustc --quiet --release \
        --config profile.release.debug=false -p "$crate" --lib "$@" --target "$target" \
        -- -Ccodegen-units=1 --emit "asm=$LISTING"
    awk -f crates/tearfree-clock/tests/counter_order.awk "$LISTING"
}

# expect NAME PATTERN: the events of the one function whose name ends so, or whose mangled name has NAME in it,
# begin as the regular expression says.
expect() {
    local events
    events=$(grep -E "^([A-Za-z0-9_.$]*[0-9])?$1(17h[0-9a-f]*E)?: " <<<"$functions") ||
        fail "$target: no function $1 reads the counter"
    grep -qE "^[^ ]*: $2" <<<"$events" || fail "$target: $1 is not: $2, but: $events"
}

# check RUSTC TARGET ACQUIRE BARRIER FENCE: the events that load with acquire, order the counter, and order the
# second load of the count.
check() {
    local rustc=$1 target=$2 acquire=$3 barrier=$4 fence=$5 functions
    functions=$(listing "$rustc" "$target" tearfree-capi --crate-type staticlib
        listing "$rustc" "$target" tearfree-clock)
    # The functions of C have all of the reading inlined. The first load is that of the clock's page.
    expect tearfree_clock_now "load; $acquire; $barrier; counter; words; $fence; load; (return|call)"
    expect tearfree_clock_realtime "load; $acquire; $barrier; counter; words; $fence; load; (return|call)"
    expect tearfree_clock_now_unordered "load; $acquire; counter; words; $fence; load; (return|call)"
    expect tearfree_clock_coarse "load; load; return"
    # All other readings: the whole record, the host's clock between two counters, and the kernel's page.
    # Before its words, the compiler may load the address of the slots again, which is the reader's own.
    expect read_record "(load; )*$acquire; (load; )*$barrier; counter; (load; )?words; $fence; load"
    expect one_sample "(load; )*$barrier; counter; ((load|call); )*$barrier; counter"
    expect verify ".*$acquire; (load; )+$barrier; counter; $fence; load"
    ! sed -E "s/$barrier; counter//g" <<<"$functions" | grep -v '^tearfree_clock_now_unordered:' |
        grep -E ': .*counter' || fail "$target: a counter is read without $barrier before it (above)"
    echo "$target: $(grep -o 'counter' <<<"$functions" | wc -l) readings of the counter"
}

[[ $(uname -m) != aarch64 ]] || : "${TEARFREE_AARCH64_RUSTC:=rustc}"
LISTING=$(mktemp)
trap 'rm -f "$LISTING"' EXIT
if [[ $(uname -m) == x86_64 ]]; then
    check rustc x86_64-unknown-linux-gnu load lfence fence
else
    echo "left out: x86-64, on another machine"
fi
if [[ -n ${TEARFREE_AARCH64_RUSTC-} ]]; then
    check "$TEARFREE_AARCH64_RUSTC" aarch64-unknown-linux-gnu "load acquire" isb "dmb ishld"
else
    echo "left out: TEARFREE_AARCH64_RUSTC names no compiler"
fi
