#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs the core's tests under ThreadSanitizer, with the copy engine that it understands. It has to
# see the standard library, too, so that is built here, from rustup's source or from Debian's. Exits
# with 77, and says what to install, if there is neither.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly DEBIAN=/usr/bin
readonly TARGET=x86_64-unknown-linux-gnu
# Threads that race; not what reads the source, lists machine code, or counts system calls.
readonly TESTS=(--lib --test sanitized --test publication --test histories --test stress --test signals)
# The sanitizer puts signals off until the thread makes a call that it knows; these make none while they wait.
readonly NEVER=a_handler_can_write_what
flags=(-Zsanitizer=thread --cfg 'tearfree_engine="ordered"' --cfg tearfree_slow -Cdebuginfo=1)

libraries() { # COMPILER...: where its libraries are
    echo "$("$@" --print sysroot)/lib/rustlib"
}

cargo +nightly --version || { echo "a nightly toolchain, which has the sanitizer"; exit 77; }
nightly=$(libraries rustc +nightly)
run=(cargo +nightly)
if [[ ! -d $nightly/src/rust/library ]]; then
    if [[ ${CI:-false} != false && $(id -u) == 0 ]] && command -v apt-get; then
        apt-get install -y --no-install-recommends rustc-web cargo-web rust-web-src || true
    fi
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
