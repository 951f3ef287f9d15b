#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs the tests that are in each published package, from the package: unpacked outside of the repository, with the
# packages of its siblings. Arguments are the names of crates; none means all.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/published.sh
source scripts/lib/published.sh

# Not in target/package, where another check may be packaging.
CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")/package_tests
# Without debug information, which takes a quarter of the time.
export CARGO_TARGET_DIR CARGO_PROFILE_DEV_DEBUG=none
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

# Has cargo take the unpacked packages instead of those of the registry, also where a test calls it.
use_siblings() {
    local crate
    mkdir "$work/.cargo"
    for crate in "${crates[@]}"; do
        printf '[patch.crates-io.%s]\npath = "%s"\n' "$crate" "$work/$crate"
    done >"$work/.cargo/config.toml"
}

# Prints the test programs of the package in this folder that are quick, as options of cargo.
quick_tests() {
    find tests -maxdepth 2 -name '*.rs' | sed -nE 's,^tests/(([^/]+)\.rs|([^/]+)/main\.rs)$,\2\3,p' |
        grep -vx interleavings | sed 's/^/--test=/'
}

# unpack CRATE: its package as a registry has it, without its version in the folder's name.
unpack() {
    local packages=("$CARGO_TARGET_DIR/package/$1"-[0-9]*.crate)
    mkdir "$work/$1"
    tar -xzf "${packages[0]}" -C "$work/$1" --strip-components=1
}

# test_package CRATE
test_package() {
    local run=(cargo test --quiet --no-fail-fast) quick
    cd "$work/$1"
    case $1 in
        # Its searches read no file of the package, and take minutes: they are built, and the check `axm` runs them.
        tearfree-axm) "${run[@]}" --no-run && "${run[@]}" --lib && "${run[@]}" --doc ;;
        # The listings are of release builds: the check `assembly` has them.
        tearfree) "${run[@]}" -- --skip=hot_paths ;;
        # The interleavings are built, and not run again, because they take minutes: the check `page` runs them.
        tearfree-page)
            mapfile -t quick < <(quick_tests)
            "${run[@]}" --no-run && "${run[@]}" --lib "${quick[@]}" && "${run[@]}" --doc
            ;;
        *) "${run[@]}" ;;
    esac
}

mapfile -t crates < <(published_crates)
cargo package --quiet --no-verify --locked --allow-dirty "${crates[@]/#/--package=}"
for crate in "${crates[@]}"; do
    unpack "$crate"
done
use_siblings

((${#@} > 0)) || set -- "${crates[@]}"
failed=()
for crate; do
    echo "== $crate, from its package"
    SECONDS=0
    (test_package "$crate") || failed+=("$crate")
    echo "== $crate: $SECONDS s"
done
((${#failed[@]} == 0)) || { echo "tests failed in the packages of: ${failed[*]}"; exit 1; }
echo "tested from packages: $*"
