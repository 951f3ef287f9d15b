#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs the programs of README.md exactly as they are printed: Rust, as a package that depends on the core in the printed
# way, then a page from C to Python to a shell. Fails if a block or a way to get it is neither run nor named below.
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

# Each block by its section and language, and each row of "Get it". After the colon: where else it is run, or why not.
readonly ACCOUNTED='See it work, sh: the demonstration by ./check run; ./check is this
See it work, text: output
Use it, rust
Use it, c
Use it, python
Use it, sh
Is it for me?, sh: run until they are interrupted; ./check machines
Get it, the crates
Get it, the command: ./check install, without optimisation
Get it, the C library: of a build without optimisation; ./check capi has all
Get it, the Python module: ./check python, from the source distribution'

# Prints the blocks of README.md and the rows of "Get it".
printed() {
    awk '/^## / { section = substr($0, 4) }
        /^```/ { if (!inside) print section ", " substr($0, 4); inside = !inside }
        section == "Get it" && /^\| [a-z]/ { split($0, cell, / *\| */); print section ", " cell[2] }' "${1-README.md}"
}

# account FILE: compares what is printed with what is run, or named as not run.
account() { diff <(cut -d : -f 1 <<<"$ACCOUNTED") <(printed "$1"); }

account README.md || fail "README.md has these (>), this script has those (<): run them here, or say why not"
! account <(cat README.md; printf '%s\n' '```sh' '```') >/dev/null || fail "a new block is not seen"
! account <(sed '/^| the command/d' README.md) >/dev/null || fail "a row that is gone is not seen"

rm -rf "$STAGE"
mkdir -p "$WORK"/src
block rust >"$WORK/src/main.rs"
block c >"$WORK/room.c"
block python >"$WORK/room.py"
block sh >"$WORK/room.sh"
# shellcheck disable=SC2016 # those of Markdown
dependency=$(sed -n 's/^| the crates | `\(.*\)` in `Cargo.toml`.*/\1/p' README.md)
[[ -n $dependency ]] || fail "no line for Cargo.toml below 'Get it'"
# Outside of the repository its path begins with that of the repository. The versions are those that are here.
printf '%s\n' '[package]' 'name = "readme-clock"' 'edition = "2024"' '[workspace]' '[dependencies]' \
    "${dependency/path = \"/path = \"$REPOSITORY/}" >"$WORK/Cargo.toml"
cp Cargo.lock "$WORK/"

cargo build --quiet --package tearfree-capi --package tearfree-cli
# A debug build, installed as a release is.
make --silent -C crates/tearfree-capi install PREFIX="$PREFIX" CARGO=: \
    BUILT="$CARGO_TARGET_DIR/debug/libtearfree_capi"

cd "$WORK"
CARGO_PROFILE_DEV_DEBUG=line-tables-only cargo build --quiet --offline
[[ $("$CARGO_TARGET_DIR/debug/readme-clock") == 1.000000500 ]] || fail "the Rust program does not print what was set"

export PATH=$CARGO_TARGET_DIR/debug:$PATH PKG_CONFIG_PATH=$PREFIX/lib/pkgconfig LD_LIBRARY_PATH=$PREFIX/lib
export PYTHONPATH=$REPOSITORY/crates/tearfree-capi/python PYTHONDONTWRITEBYTECODE=1
timeout 120 sh -eu room.sh >output
cat output
# Values between are passed over if a reader is late; the last one never is.
grep -qx 'python: 21.5 ended' output || fail "Python has not seen the last value"
[[ $(grep -v '^python' output | tail -n 1) == "celsius=21.5 people=3" ]] ||
    fail "the shell has not seen the last value"
echo "as printed: Rust, C, Python and shell. Not, or not as printed:" \
    "$(grep ': ' <<<"$ACCOUNTED" | grep -v ': output$' | paste -sd '|' | sed 's/|/ | /g')"
