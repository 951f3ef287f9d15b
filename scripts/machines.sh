#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs tests of the core under qemu for other processors: 64-bit Arm with its own copy engine, 32-bit Arm,
# RISC-V, and big-endian s390x. Prints a line for each, and the reason if one is left out. CI=true installs
# what is missing, and fails if one is left out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/compilers.sh
source scripts/lib/compilers.sh

# The target of Rust, the prefix of the C compiler, the suffix of the emulator, and the architecture in
# Debian.
readonly MACHINES="
aarch64-unknown-linux-gnu       aarch64-linux-gnu    aarch64  arm64
armv7-unknown-linux-gnueabihf   arm-linux-gnueabihf  arm      armhf
riscv64gc-unknown-linux-gnu     riscv64-linux-gnu    riscv64  riscv64
s390x-unknown-linux-gnu         s390x-linux-gnu      s390x    s390x
"
# Tests of counts, versions and copies. Tests of machine code, signals and system calls depend on the
# kernel of this machine.
readonly TESTS=(
    --lib --test properties --test histories --test kernel_calls --test pitfalls --test stress
)
readonly OUT=${CARGO_TARGET_DIR:-target}/machines

missing=0

left_out() { # TARGET REASON
    echo "left out: $1: $2"
    missing=$((missing + 1))
}

test_on() { # TARGET LINKER EMULATOR COMPILER
    local name=${1^^} build_std=()
    name=${name//-/_}
    # Without the library, cargo builds it from source (RUSTC_BOOTSTRAP allows that).
    [[ -d $(library "$4")/$1/lib ]] || build_std=("-Zbuild-std=std,panic_unwind")
    # Level 1: without optimisation the tests are too slow, with more the build is.
    env RUSTC="$4" RUSTDOC="${4%rustc}rustdoc" RUSTC_BOOTSTRAP=1 RUST_BACKTRACE=0 \
        CARGO_TARGET_DIR="$OUT" CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_DEV_OPT_LEVEL=1 \
        "CARGO_TARGET_${name}_LINKER=$2" "CARGO_TARGET_${name}_RUNNER=$3" \
        "CARGO_TARGET_${name}_RUSTFLAGS=-Ctarget-feature=+crt-static --cfg tearfree_slow" \
        "${4%rustc}cargo" test -p tearfree --no-fail-fast --target "$1" \
        "${build_std[@]}" "${TESTS[@]}" </dev/null
    echo "ran on: ${1%%-*}"
}

if may_install; then
    compiler none || install "${DEBIAN_COMPILER[@]}"
    while read -r target gnu emulator debian; do
        [[ -z $target ]] && continue
        command -v "$gnu-gcc" || install "gcc-$gnu" "libc6-dev-$debian-cross"
        command -v "qemu-$emulator-static" || install qemu-user-static
    done <<<"$MACHINES"
fi

while read -r target gnu emulator debian; do
    [[ -z $target ]] && continue
    if ! command -v "$gnu-gcc"; then
        left_out "$target" "no $gnu-gcc (on Debian: gcc-$gnu libc6-dev-$debian-cross)"
    elif ! command -v "qemu-$emulator-static"; then
        left_out "$target" "no qemu-$emulator-static (on Debian: qemu-user-static)"
    elif ! rustc=$(compiler "$target"); then
        left_out "$target" "neither std nor its source (Debian: ${DEBIAN_COMPILER[*]})"
    else
        test_on "$target" "$gnu-gcc" "qemu-$emulator-static" "$rustc"
    fi
done <<<"$MACHINES"

[[ ${CI:-false} == false ]] || ((missing == 0))
