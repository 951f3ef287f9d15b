#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs tests of the core under qemu for other processors: 64-bit Arm with its own copy engine, 32-bit Arm,
# RISC-V, and big-endian s390x; and those of pages, clocks and the C library on 64-bit Arm and s390x. Pages of the
# other byte order have to be refused. (All but the core is for 64-bit machines.) Prints a line for each, and the
# reason if one is left out.
# CI=true installs what is missing, and fails if one is left out; a test that no emulator can run says so.
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
# Tests of pages; the others step processes and look at system calls, which an emulator does not allow. The tests of
# clocks but for the simulation, half a minute of arithmetic, and those of the C library in Rust. In one run, so that
# what they share is compiled once.
readonly OTHERS=(tearfree-page tearfree-clock tearfree-capi tearfree-capi-interop)
mapfile -t OTHER_TESTS < <(printf '%s\n' pages damaged faults
    find crates/tearfree-clock/tests crates/tearfree-capi/interop/tests -maxdepth 1 -name '*.rs' \
        ! -name simulation.rs -exec basename -s .rs {} +
    find crates/tearfree-clock/tests -name main.rs -printf '%h\n' | xargs -n 1 basename)
readonly OTHERS_ON="aarch64-unknown-linux-gnu s390x-unknown-linux-gnu"
readonly OUT=${CARGO_TARGET_DIR:-target}/machines

missing=0

left_out() { # TARGET REASON
    echo "left out: $1: $2"
    missing=$((missing + 1))
}

cargo_for() { # TARGET LINKER EMULATOR COMPILER COMMAND... : runs a command of cargo
    local name=${1^^} build_std=() optimised=0
    name=${name//-/_}
    # Without the library, cargo builds it from source (RUSTC_BOOTSTRAP allows that).
    [[ -d $(library "$4")/$1/lib ]] || build_std=("-Zbuild-std=std,panic_unwind")
    # An optimised build takes longer than it saves. But on s390x, whose copies are plain Rust, an unoptimised reader of a
    # page does not keep up with a writer. The stack: LLVM overflows that of rustc in the core's tests for s390x.
    [[ $1 != s390x-* ]] || optimised=1
    env RUST_MIN_STACK=67108864 RUSTC="$4" RUSTDOC="${4%rustc}rustdoc" RUSTC_BOOTSTRAP=1 RUST_BACKTRACE=0 \
        CARGO_TARGET_DIR="$OUT" CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_DEV_OPT_LEVEL=$optimised \
        "CARGO_TARGET_${name}_LINKER=$2" "CARGO_TARGET_${name}_RUNNER=$3" TEARFREE_TEST_EMULATOR="$3" \
        "CARGO_TARGET_${name}_RUSTFLAGS=-Ctarget-feature=+crt-static --cfg tearfree_slow" \
        "${4%rustc}cargo" "$5" --target "$1" "${build_std[@]}" "${@:6}" </dev/null
}

test_on() { # TARGET LINKER EMULATOR COMPILER
    local tested=core selected=(--package=tearfree "${TESTS[@]}")
    if [[ " $OTHERS_ON " == *" $1 "* ]]; then
        tested="core, pages, clocks, C library"
        selected+=("${OTHERS[@]/#/--package=}" "${OTHER_TESTS[@]/#/--test=}")
    fi
    if [[ $1 == aarch64-* ]]; then
        # The image as a file, and its functions.
        tested+=", vDSO image"
        selected+=(--package=tearfree-vdso --test=image --test=readings)
    fi
    # What two threads get of one processor depends on how long an emulated copy takes, not on the machine.
    cargo_for "$@" test --no-fail-fast "${selected[@]}" -- --skip one_processor
    echo "ran on: ${1%%-*} ($tested)"
    [[ $1 != s390x-* ]] || exchange_pages "$@"
}

# Has each of two byte orders refuse a page of the other one.
exchange_pages() { # TARGET LINKER EMULATOR COMPILER
    local there="$OUT/$1/debug/examples" here="$OUT/debug/examples" folder
    folder=$(mktemp -d)
    cargo_for "$@" build -q -p tearfree-page --examples
    CARGO_TARGET_DIR=$OUT CARGO_PROFILE_DEV_DEBUG=0 cargo build -q -p tearfree-page --examples
    write_page "$folder/there" "$3" "$there/publish_load"
    write_page "$folder/here" "$here/publish_load"
    refuses "$folder/there" "$here/show_load"
    refuses "$folder/here" "$3" "$there/show_load"
    rm -r "$folder"
    echo "ran on: pages of both byte orders"
}

write_page() { # PAGE PROGRAM... : runs the program until there is a page
    "${@:2}" "$1" &
    local writer=$!
    until [[ -s $1/page ]]; do
        kill -0 "$writer" || { echo "no page was written by: ${*:2}"; exit 1; }
        sleep 0.1
    done
    kill "$writer"
    wait "$writer" || true
}

refuses() { # PAGE PROGRAM... : the program has to name the byte order as the reason
    local said
    said=$(timeout 60 "${@:2}" "$1" 2>&1) && { echo "a page of the other byte order was opened: $said"; exit 1; }
    grep -qi "byte.\?order" <<<"$said" || { echo "refused for another reason: $said"; exit 1; }
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
