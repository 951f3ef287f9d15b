#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs tests of the core under ThreadSanitizer, with the copy engine that it understands. The standard library
# is instrumented too, so it is built from the source of rustup or Debian. Exit status 77: both are missing, as
# the last line says.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# shellcheck source=scripts/lib/compilers.sh
source scripts/lib/compilers.sh

readonly DEBIAN=/usr/bin
readonly TARGET=x86_64-unknown-linux-gnu
# Tests with threads; not those that read source files or machine code, or count system calls.
readonly TESTS=(--lib --test sanitized --test publication --test histories --test stress --test signals)
# The sanitizer delays signals until the thread calls a function that it intercepts; these tests call none.
readonly NEVER=a_handler_can_write_what
flags=(-Zsanitizer=thread --cfg 'tearfree_engine="ordered"' --cfg tearfree_slow -Cdebuginfo=1)

# libraries COMPILER...: prints the path of its libraries.
libraries() {
    echo "$("$@" --print sysroot)/lib/rustlib"
}

cargo +nightly --version || { echo "a nightly toolchain, which has the sanitizer"; exit 77; }
nightly=$(libraries rustc +nightly)
run=(cargo +nightly)
if [[ ! -d $nightly/src/rust/library ]]; then
    ! may_install || install "${DEBIAN_COMPILER[@]}" || true
    # Debian's compiler and source, with the sanitizer of the nightly toolchain, whose linker script
    # only LLVM's linker reads.
    if [[ ! -x $DEBIAN/rustc || ! -d $(libraries "$DEBIAN/rustc")/src/rust/library ]]; then
        echo "the source of std (rustup +nightly component add rust-src;" \
            "on Debian: rustc-web cargo-web rust-web-src)"
        exit 77
    fi
    run=(env "RUSTC=$DEBIAN/rustc" "RUSTDOC=$DEBIAN/rustdoc" RUSTC_BOOTSTRAP=1 "$DEBIAN/cargo")
    flags+=(-Zexternal-clangrt)
    for argument in -fuse-ld=lld "-B$nightly/$TARGET/bin/gcc-ld" -Wl,--export-dynamic \
        -Wl,--whole-archive "$nightly/$TARGET"/lib/librustc*_rt.tsan.a -Wl,--no-whole-archive \
        -lpthread -lrt -lm -ldl -lresolv -lc; do
        flags+=("-Clink-arg=$argument")
    done
fi

RUSTFLAGS="${flags[*]}" RUST_BACKTRACE=0 \
    "${run[@]}" test -p tearfree --no-fail-fast "-Zbuild-std=std,panic_unwind" \
    --target "$TARGET" "${TESTS[@]}" -- --skip "$NEVER"
