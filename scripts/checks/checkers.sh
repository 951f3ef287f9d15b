#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Checkers of memory orderings and memory accesses, and fuzzers. For `check`, which sources this.

check_axm() { # the core and the litmus files, in every execution that RC11 allows
    # Not a release build: the models rely on debug assertions.
    run_tests cargo test -p tearfree-axm -p tearfree-models --no-fail-fast -- --nocapture
    note "$(grep -cE '^[a-z].* executions .* saw ' "$LOG.tests") models," \
        "$(grep -cE ' executions .* failed: ' "$LOG.tests") mutants found"
}

check_mutants() { # planted faults of logic, each noticed by its test: a sample; MUTANTS=all plants all of them
    local chosen=(--sample 12) status=0
    [[ ${MUTANTS-} != all ]] || chosen=()
    cargo run --locked --quiet -p tearfree-mutants -- "${chosen[@]}" 2>&1 | tee "$LOG.tests" || status=$?
    note "$(tail -n 1 "$LOG.tests")"
    return "$status"
}

check_litmus() { # the litmus files in C and for three machines, with herd7
    export HERD7=${HERD7:-herd7}
    # Skipped under CI too: Debian has no package of it. `axm` checks the C files.
    command -v "${HERD7%% *}" ||
        skip "install herd7 (opam install herdtools7); ./check axm checks the C files"
    scripts/litmus.sh | tee "$LOG.litmus"
    note "$(tail -n 1 "$LOG.litmus")"
}

# FUZZ_SECONDS=600 ./check fuzz fuzzes each target for ten minutes.
check_fuzz() { # calls compared with models, and all that reads what others wrote, fuzzed for two minutes
    cargo +nightly --version || missing_tool "a nightly toolchain (rustup toolchain install nightly)"
    local host option name file
    host=$(cargo +nightly -vV | sed -n 's/^host: //p')
    export CARGO_TARGET_DIR=$TARGET/fuzz
    # The flags of cargo-fuzz, which need not be installed; `cargo +nightly fuzz` works, too.
    RUSTFLAGS="--cfg fuzzing -Zsanitizer=address -Cdebug-assertions -Cpasses=sancov-module"
    for option in level=4 inline-8bit-counters pc-table trace-compares; do
        RUSTFLAGS+=" -Cllvm-args=-sanitizer-coverage-$option"
    done
    export RUSTFLAGS
    cargo +nightly build -p tearfree-fuzz --release --target "$host" --bins
    for file in fuzz/targets/*.rs; do
        name=$(basename "$file" .rs)
        mkdir -p "$CARGO_TARGET_DIR/corpus/$name"
        # What it finds goes into the first folder; an input that takes a minute is a failure.
        "$CARGO_TARGET_DIR/$host/release/$name" "$CARGO_TARGET_DIR/corpus/$name" "fuzz/corpus/$name" \
            -max_total_time="${FUZZ_SECONDS:-15}" -timeout=60 -artifact_prefix="$LOGS/$name-" \
            2>&1 | tee "$LOG.$name" ||
            fail "$name: $(grep -o 'Test unit written.*' "$LOG.$name")" # its exit status 77 would be a skip
    done
    note "$(grep -hoE '^Done [1-9][0-9]* runs' "$LOG".* | grep -oE '[0-9]+' | xargs) inputs"
}

check_asan() { # tests of the core crate under AddressSanitizer
    cargo +nightly --version || missing_tool "a nightly toolchain (rustup toolchain install nightly)"
    # With --target, build scripts and procedural macros are built without the sanitizer.
    local host
    host=$(cargo +nightly -vV | sed -n 's/^host: //p')
    export RUSTFLAGS="-Zsanitizer=address" CARGO_TARGET_DIR=$TARGET/asan
    # Tests leak what their threads share. Tests of machine code and of system calls would find those of
    # the sanitizer.
    export ASAN_OPTIONS=detect_leaks=0
    run_tests cargo +nightly test -p tearfree --target "$host" --lib --tests --no-fail-fast \
        -- --skip hot_paths --skip system_call
}

check_tsan() { # tests of the core crate under ThreadSanitizer, with a copy engine that it understands
    local status=0
    export CARGO_TARGET_DIR=$TARGET/tsan
    run_script scripts/tsan.sh || status=$?
    grep -qE '^test result: ok\. [1-9]' "$LOG.tests" && [[ $status == 0 ]]
}

check_miri() { # tests of the core crate under Miri: several seeds, 32-bit and big-endian, too
    local toolchain triple
    for toolchain in "+nightly" ""; do
        cargo ${toolchain:+"$toolchain"} miri --version || continue
        local tests=(cargo ${toolchain:+"$toolchain"} miri test -p tearfree --lib --tests)
        MIRIFLAGS="-Zmiri-strict-provenance -Zmiri-many-seeds=0..8" run_tests "${tests[@]}"
        # One seed is enough for another width and another byte order.
        for triple in i686-unknown-linux-gnu s390x-unknown-linux-gnu; do
            MIRIFLAGS=-Zmiri-strict-provenance run_tests "${tests[@]}" --target "$triple"
        done
        return
    done
    # Skipped under CI too: only rustup has this component.
    skip "install Miri (rustup +nightly component add miri)"
}
