#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Tests on this machine. For `check`, which sources this.

check_core() { # tests of the core crate, its documentation and its examples
    # The tests of machine code need release builds: see the check `assembly`.
    run_tests cargo test -p tearfree --no-fail-fast -- --skip hot_paths
    # `assembly` is a library; the other examples are programs that check themselves.
    local example
    for example in crates/tearfree/examples/*.rs; do
        [[ $example != */assembly.rs ]] || continue
        timeout 120 cargo run --quiet -p tearfree --example "$(basename "$example" .rs)"
    done
}

check_notes() { # every memory ordering and every unsafe has a note that argues for that line
    run_tests cargo test -p tearfree --test notes -- --nocapture
    note "$(grep -h 'lines with an ordering' "$LOG.tests")"
}

check_assembly() { # the machine code of the hot paths and clock reads, also for Arm; BLESS=1 records it again
    # Without a compiler for Arm, that half is left out, with a note; under CI this is a failure.
    TEARFREE_AARCH64_RUSTC=$(scripts/aarch64_rustc.sh) || [[ ${CI:-false} == false ]] ||
        missing_tool "a compiler with std for aarch64 (on Debian: rustc-web libstd-rust-web-dev:arm64)"
    export TEARFREE_AARCH64_RUSTC
    run_tests cargo test -p tearfree --test assembly -- --nocapture
    scripts/clock_assembly.sh | tee "$LOG.clock"
    note "$(grep -h 'left out\|another compiler' "$LOG.tests" "$LOG.clock" | sort -u || true)"
}

check_crates() { # tests of the other crates
    # Programs that run on test clocks. Elsewhere the tests say which of them are left out.
    if [[ ${CI:-false} != false ]]; then
        need cc build-essential
        need java default-jdk-headless
        need node nodejs
        need perl perl
        need python3 python3
        need setcap libcap2-bin
        # Manual pages, and the completions of shells.
        need mandoc mandoc
        need groff groff-base
        need fish fish
        need zsh zsh
        need script bsdutils
    fi
    # The orders of system calls with one preemption, in half a minute; `page` runs them with two and three.
    TEARFREE_PREEMPTIONS=1 run_tests cargo test --workspace --exclude tearfree \
        --exclude tearfree-axm --exclude tearfree-models --no-fail-fast
    note "$(grep -h 'left out' "$LOG.tests" | sort -u | paste -sd ';' || true)"
}

check_page() { # pages between processes, optimised: killed at every instruction, in every order, and other faults
    if [[ ${CI:-false} != false ]]; then
        need cc build-essential
        need python3 python3
    fi
    # `crates` has run the examples in the documentation.
    run_tests cargo test -p tearfree-page --release --lib --tests --no-fail-fast
    note "$(grep -h 'left out' "$LOG.tests" | sort -u | paste -sd ';' || true)"
}

check_stress() { # tests of the core crate, optimised, so that threads race at full speed
    # All but those that read machine code and source files.
    local tests
    mapfile -t tests < <(basename -s .rs crates/tearfree/tests/*.rs | grep -vx macros | sed 's/^/--test=/')
    run_tests cargo test -p tearfree --release --lib "${tests[@]}" --no-fail-fast
}

check_features() { # clippy for the core crate with no feature, with each feature, and with all; tests with most
    local chosen
    for chosen in "" $(features) "$(features | xargs)"; do
        local core=(-p tearfree --no-default-features --features "$chosen")
        cargo clippy "${core[@]}" --all-targets -- -D warnings
        # `core` tests the default, which is std. The other features add items, and their tests run with all.
        [[ $chosen == "" || $chosen == critical-section || $chosen == *" "* ]] || continue
        run_tests cargo test "${core[@]}" --no-fail-fast -- --skip hot_paths
    done
}

check_engines() { # tests of every copy engine that this machine can run
    local engine
    mkdir -p "$TARGET/engines"
    for engine in scalar portable locked ordered; do
        # A wrapper compiles this workspace alone with the engine; RUSTFLAGS would compile all dependencies again.
        RUSTC_WORKSPACE_WRAPPER=$TARGET/engines/rustc-$engine
        printf '#!/bin/sh\nexec "$@" --cfg %s\n' "'tearfree_engine=\"$engine\"'" >"$RUSTC_WORKSPACE_WRAPPER"
        chmod +x "$RUSTC_WORKSPACE_WRAPPER"
        export RUSTC_WORKSPACE_WRAPPER
        run_tests cargo test -p tearfree --lib --test pitfalls
    done
}
