#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The source itself: format, lints, scripts. For `check`, which sources this.

check_fmt() { # rustfmt changes nothing
    # File by file: rustfmt skips modules that a macro declares.
    git ls-files -z --cached --others --exclude-standard '*.rs' |
        xargs -0 rustfmt --edition 2024 --check
}

check_files() { # file lengths, licences, unfinished work, paths of one machine, the changelog, lists of mutants
    scripts/files.sh
    scripts/changelog.sh
    cargo run --locked --quiet -p tearfree-mutants -- --check-lists
}

check_scripts() { # every script is used by a check, and shellcheck passes
    local script
    for script in scripts/*.sh; do
        grep -qE "^[^#]*[( ]$script" scripts/checks/*.sh || fail "no check calls $script"
    done
    [[ $(list | wc -l) == $(declare -F | grep -c ' check_') ]] || fail "--list does not list every check: each begins with: check_NAME() { # DESCRIPTION"
    need shellcheck shellcheck
    shellcheck check .ci/run .github/*-* scripts/*.sh scripts/{checks,lib,debian,services}/*.sh bench/instructions/check \
        kernel/boot-test kernel/build-modules kernel/steps/*.sh kernel/guest/*
}

check_lock() { # Cargo.lock matches the manifests
    cargo metadata --locked --format-version 1 >/dev/null
}

check_clippy() { # clippy passes on every crate
    cargo clippy --workspace --all-targets -- -D warnings
}

check_modules() { # the same lints on the Rust sources of the kernel modules
    scripts/modules_lints.sh
}
