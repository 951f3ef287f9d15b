#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# What the checks have in common: how one ends, what it needs, and how it runs tests. For `check`, which
# sets NOTE, the file for a check's one line of result, and LOG, its log.

note() { echo "$*" >"$NOTE"; }
fail() { note "$*"; exit 1; }
skip() { note "$*"; exit 77; }

# lacking WHAT: ends a check that cannot run. Under CI that is a failure.
lacking() {
    [[ ${CI:-false} != false ]] || skip "install $1"
    fail "install $1"
}

# need TOOL PACKAGE: makes sure that a command is there.
need() {
    command -v "$1" && return
    if [[ ${CI:-false} != false && $(id -u) == 0 ]] && command -v apt-get; then
        apt-get install -y "$2" || { apt-get update && apt-get install -y "$2"; } || true
    fi
    command -v "$1" || lacking "$1 (package $2)"
}

# need_crate CRATE VERSION: makes sure that a command of cargo's is there. Not optimised, it is fast enough, and built in
# a third of the time.
need_crate() {
    cargo "${1#cargo-}" --version && return
    [[ ${CI:-false} == false ]] || env -u CARGO_TARGET_DIR CARGO_PROFILE_DEV_DEBUG=none \
        cargo install --debug --locked "$1@$2" || true
    cargo "${1#cargo-}" --version || lacking "$1 (cargo install --locked $1)"
}

# by SCRIPT: how it ends; with 77 its last line says what it lacks.
by() {
    local status=0
    "$1" >"$LOG.tests" 2>&1 || status=$?
    cat "$LOG.tests"
    [[ $status != 77 ]] || lacking "$(tail -n 1 "$LOG.tests")"
    return "$status"
}

# noting WORDS SCRIPT: as `by`; what follows "WORDS: " in its lines is the result.
noting() {
    local status=0
    by "$2" || status=$?
    note "$(sed -n "s/^$1: //p" "$LOG.tests" | xargs)"
    return "$status"
}

# with_tests COMMAND...: fails also if the command is content because it ran no test at all.
with_tests() {
    "$@" 2>&1 | tee "$LOG.tests"
    grep -qE '^test result: ok\. [1-9]' "$LOG.tests" || fail "no test ran"
}

# boot_test OPTION...: what it lacks is installed under CI only, and else is a reason to skip.
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
