#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# A compiler for another machine: one that has the standard library, or its source. Sourced.

# Debian's compiler, with the source of the library for all machines.
# shellcheck disable=SC2034 # used by the scripts that source this
readonly DEBIAN_COMPILER=(rustc-web cargo-web rust-web-src)

install() { # PACKAGE...
    apt-get install -y --no-install-recommends "$@" ||
        { apt-get update && apt-get install -y --no-install-recommends "$@"; }
}

may_install() {
    [[ ${CI:-false} != false && $(id -u) == 0 ]] && command -v apt-get >/dev/null
}

# Ends the script, and says what is missing.
missing() { # WHAT
    echo "$1"
    exit 77
}

library() { # COMPILER: where its libraries are
    echo "$("$1" --print sysroot)/lib/rustlib"
}

# Prints a compiler for TARGET. Debian's has the source as a package; rustup's has both if they were added.
compiler() { # TARGET
    local rustc
    for rustc in rustc /usr/bin/rustc; do
        command -v "$rustc" >/dev/null || continue
        if [[ -d $(library "$rustc")/$1/lib || -d $(library "$rustc")/src/rust/library ]]; then
            command -v "$rustc"
            return
        fi
    done
    return 1
}

# Makes sure that a compiler with the source of its library is there, and sets `rustc` to it.
require_source() {
    may_install && { compiler none >/dev/null || install "${DEBIAN_COMPILER[@]}"; }
    rustc=$(compiler none) ||
        missing "rust-src (rustup component add rust-src; Debian: ${DEBIAN_COMPILER[*]})"
}

# Prints a linker for machines without an operating system: LLVM's, as rustup brings it, or Debian's.
linker() {
    local rustc found
    for rustc in rustc /usr/bin/rustc; do
        command -v "$rustc" >/dev/null || continue
        for found in "$(library "$rustc")"/*/bin/rust-lld; do
            [[ -x $found ]] || continue
            echo "$found"
            return
        done
    done
    command -v ld.lld
}
