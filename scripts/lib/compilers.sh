#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Finds compilers for other machines, with the standard library or its source. Scripts source this.
# shellcheck source=scripts/lib/apt.sh
source "${BASH_SOURCE[0]%/*}/apt.sh"

# Debian's compiler, with the source of the standard library.
# shellcheck disable=SC2034 # used by the scripts that source this
readonly DEBIAN_COMPILER=(rustc-web cargo-web rust-web-src)

# missing WHAT: prints what is missing, and ends the script with exit status 77.
missing() {
    echo "$1"
    exit 77
}

# library COMPILER: prints the path of its libraries.
library() {
    echo "$("$1" --print sysroot)/lib/rustlib"
}

# compiler TARGET: prints a compiler with the library for TARGET or with its source.
compiler() {
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

# Sets `rustc` to a compiler with the source of its library, and installs one under CI.
require_source() {
    may_install && { compiler none >/dev/null || install "${DEBIAN_COMPILER[@]}"; }
    rustc=$(compiler none) ||
        missing "rust-src (rustup component add rust-src; Debian: ${DEBIAN_COMPILER[*]})"
}

# Prints a linker for machines without an operating system: LLVM's, from rustup or Debian.
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
