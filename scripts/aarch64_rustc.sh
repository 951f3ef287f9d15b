#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Prints a compiler with the standard library for 64-bit Arm: rustup's if it has the target, else Debian's,
# which is installed under CI=true.
set -euo pipefail

# shellcheck source=scripts/lib/apt.sh
source "${BASH_SOURCE[0]%/*}/lib/apt.sh"

readonly TARGET=aarch64-unknown-linux-gnu
readonly DEBIAN=/usr/bin/rustc

has_target() { # COMPILER
    [[ -x $(command -v "$1") && -d $("$1" --print sysroot)/lib/rustlib/$TARGET ]]
}

install_debian() {
    as_root dpkg --add-architecture arm64
    apt_get update
    install rustc-web libstd-rust-web-dev:arm64
}

if has_target rustc; then
    command -v rustc
    exit
fi
if ! has_target "$DEBIAN" && may_install; then
    install_debian >&2
fi
has_target "$DEBIAN" && echo "$DEBIAN"
