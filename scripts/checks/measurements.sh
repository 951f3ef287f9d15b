#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Programs that measure, and the demo. For `check`, which sources this.

check_instructions() { # the instructions of each operation, as recorded; BLESS=1 records them again
    need valgrind valgrind
    bench/instructions/check
}

# Installs what further peers are compiled with, under CI. The run names those that are absent.
peers_in_other_languages() {
    may_install || return 0
    command -v clang++ || install clang || true
    [[ -e /usr/include/ck_sequence.h ]] || install libck-dev || true
}

check_bench() { # the comparison with other crates runs, and no type of ours is torn
    peers_in_other_languages
    local built
    cargo build --release -p tearfree-bench
    built=$SECONDS
    cargo run --release -p tearfree-bench -- --quick --json >"$LOG.json"
    note "$(grep -c '"contestant"' "$LOG.json") measurements in $((SECONDS - built)) s after $built s of compiling;" \
        "absent: $(sed -n 's/^ *"absent": "\(.*\)",$/\1/p' "$LOG.json")"
}

check_copies() { # each adapter of the comparison copies a value as often as it says
    peers_in_other_languages
    need valgrind valgrind
    cargo run --release -p tearfree-bench -- --count-copies
}

check_run() { # the demo shows torn reads without the lock, and none with it
    local report without with status=0
    report=$(cargo run --release -- demo --seconds 1 --json) || status=$?
    echo "$report"
    without=$(grep -oE '"torn_without_lock": *[0-9]+' <<<"$report" | grep -oE '[0-9]+$')
    with=$(grep -oE '"torn_with_lock": *[0-9]+' <<<"$report" | grep -oE '[0-9]+$')
    note "$without torn reads without the lock, $with with it"
    [[ $with == 0 ]] || fail "the demo ended with code $status: $with torn reads with the lock"
    [[ $status == 0 && $report == "{"*"}" && $without -gt 0 ]]
}

check_clock() { # the clock stays within its bounds for half a minute, and the kernel's page is verified
    mkdir -p "$TARGET/check/accuracy"
    cargo run --release -p tearfree-bench --example accuracy -- 0.5 "$TARGET/check/accuracy"
    # An unknown kernel page is refused, with exit status 1 and a reason.
    cargo run --release -- vdso --verify 1000000 || note "this kernel's page was refused"
}
