#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs the programs of README.md exactly as they are printed: Rust, then a page from C to Python to a shell.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export CARGO_TARGET_DIR
readonly STAGE=$CARGO_TARGET_DIR/readme REPOSITORY=$PWD
readonly PREFIX=$STAGE/prefix WORK=$STAGE/work

fail() { echo "readme: FAILED: $*" >&2; exit 1; }

# block LANGUAGE: prints the one block of this language below "## Use it".
block() {
    awk -v start="\`\`\`$1" '/^## / { within = $0 == "## Use it" }
        within && $0 == start { inside = 1; blocks++; next }
        /^```/ { inside = 0 }
        inside
        END { exit blocks != 1 }' README.md || fail "not one block of $1 below 'Use it'"
}

rm -rf "$STAGE"
mkdir -p "$WORK"
block rust >"$WORK/clock.rs"
block c >"$WORK/room.c"
block python >"$WORK/room.py"
block sh >"$WORK/room.sh"

cargo build --quiet --package tearfree --package tearfree-capi --package tearfree-cli
# A debug build, installed as a release is.
make --silent -C crates/tearfree-capi install PREFIX="$PREFIX" CARGO=: \
    BUILT="$CARGO_TARGET_DIR/debug/libtearfree_capi"

cd "$WORK"
rustc --edition 2024 --extern tearfree="$CARGO_TARGET_DIR/debug/libtearfree.rlib" \
    -L dependency="$CARGO_TARGET_DIR/debug/deps" clock.rs
[[ $(./clock) == 1.000000500 ]] || fail "the Rust program does not print what was set"

export PATH=$CARGO_TARGET_DIR/debug:$PATH PKG_CONFIG_PATH=$PREFIX/lib/pkgconfig LD_LIBRARY_PATH=$PREFIX/lib
export PYTHONPATH=$REPOSITORY/crates/tearfree-capi/python PYTHONDONTWRITEBYTECODE=1
timeout 120 sh -eu room.sh >output
cat output
# Values between are passed over if a reader is late; the last one never is.
grep -qx 'python: 21.5 ended' output || fail "Python has not seen the last value"
[[ $(grep -v '^python' output | tail -n 1) == "celsius=21.5 people=3" ]] ||
    fail "the shell has not seen the last value"
echo "Rust, C, Python and shell: as printed"
