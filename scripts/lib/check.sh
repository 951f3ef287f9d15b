#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Functions for the checks. `check` sources this, and sets LOG, the log of the running check, and NOTE, the
# file with its result, which is printed in one line.

# shellcheck source=scripts/lib/apt.sh
source scripts/lib/apt.sh

note() { echo "$*" >"$NOTE"; }
fail() { note "$*"; exit 1; }
skip() { note "$*"; exit 77; }

# say_why LOG: prints the places in a log that name a failure, with the lines behind each, and its end. Of a
# check that runs many programs, the end alone may show none that failed.
say_why() {
    grep -nE -A 6 'panicked at|\.\.\. FAILED$|^error(\[|:)|: FAILED' "$1" | head -n 120 || true
    echo "the end of $1:"
    tail -n 120 "$1"
}

# missing_tool WHAT: skips the check; under CI it fails.
missing_tool() {
    [[ ${CI:-false} != false ]] || skip "install $1"
    fail "install $1"
}

# need TOOL PACKAGE: requires a command, and installs its package under CI.
need() {
    command -v "$1" && return
    ! may_install || install "$2" || true
    command -v "$1" || missing_tool "$1 (package $2)"
}

# need_crate CRATE VERSION: requires a subcommand of cargo, and installs it under CI. A debug build is fast
# enough, and built in a third of the time.
need_crate() {
    cargo "${1#cargo-}" --version && return
    [[ ${CI:-false} == false ]] || env -u CARGO_TARGET_DIR CARGO_PROFILE_DEV_DEBUG=none \
        cargo install --debug --locked "$1@$2" || true
    cargo "${1#cargo-}" --version || missing_tool "$1 (cargo install --locked $1)"
}

# run_script SCRIPT: runs it. Exit status 77 means that the tool in its last line is missing.
run_script() {
    local status=0
    "$1" >"$LOG.tests" 2>&1 || status=$?
    cat "$LOG.tests"
    [[ $status != 77 ]] || missing_tool "$(tail -n 1 "$LOG.tests")"
    return "$status"
}

# run_and_note WORDS SCRIPT: runs it. What follows "WORDS: " in its output is the result.
run_and_note() {
    local status=0
    run_script "$2" || status=$?
    note "$(sed -n "s/^$1: //p" "$LOG.tests" | xargs)"
    return "$status"
}

# run_tests COMMAND...: runs it, and fails if no test ran.
run_tests() {
    "$@" 2>&1 | tee "$LOG.tests"
    grep -qE '^test result: ok\. [1-9]' "$LOG.tests" || fail "no test ran"
}

# boot_test OPTION...: boots a kernel. Missing packages are installed under CI; elsewhere the check is skipped.
boot_test() {
    local status=0 reason options=(--no-install)
    [[ ${CI:-false} == false ]] || options=()
    kernel/boot-test "${options[@]}" "$@" 2>&1 | tee "$LOG.boot" || status=$?
    if [[ $status == 77 ]]; then
        reason=$(tail -n 1 "$LOG.boot")
        [[ ${CI:-false} != false ]] || skip "$reason"
        fail "$reason"
    fi
    return "$status"
}

# Prints the features of the core crate, without the default set.
features() {
    sed -nE '/^\[features\]/,/^\[dep/s/^([a-z0-9_-]+) = .*/\1/p' crates/tearfree/Cargo.toml |
        grep -vx default
}
