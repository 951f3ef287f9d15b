#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Compares the public items of each library that is published with its api.txt. BLESS=1 rewrites these.
# Rustdoc's JSON changes from release to release, and the reader in scripts/public-api knows one format.
# Ends with 77, and says what is missing, where no toolchain writes that one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly FORMAT=57 WRITTEN_BY=1.95.0
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

# Prints the number of the format that a toolchain's rustdoc writes.
format() { # +TOOLCHAIN, or nothing for the default one
    RUSTC_BOOTSTRAP=1 rustdoc "$@" -Zunstable-options --output-format json --crate-name empty \
        --out-dir "$work" - <<<'' >&2 && grep -oP '"format_version":\K[0-9]+' "$work/empty.json"
}

# Chooses the first toolchain that fits, and sets `cargo` and RUSTDOC.
choose_toolchain() {
    local toolchain
    for toolchain in "" +$WRITTEN_BY +nightly; do
        [[ $(format ${toolchain:+"$toolchain"} || true) == "$FORMAT" ]] || continue
        cargo=(cargo ${toolchain:+"$toolchain"})
        return
    done
    echo "a rustdoc that writes JSON in format $FORMAT (rustup toolchain install $WRITTEN_BY)"
    exit 77
}

# The JSON is not stable yet. Only rustdoc is told to write it nevertheless: the crate and what it depends on
# are compiled as ever.
wrap_rustdoc() {
    printf '#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc "$@"\n' >"$work/rustdoc"
    chmod +x "$work/rustdoc"
}

# compare CRATE: prints the difference, and fails if there is one.
compare() {
    local recorded=crates/$1/api.txt listed=$work/api.txt
    RUSTDOC=$work/rustdoc "${cargo[@]}" rustdoc --locked --quiet -p "$1" --lib --all-features -- \
        -Zunstable-options --output-format json
    "$target/debug/tearfree-public-api" "$target/doc/${1//-/_}.json" >"$listed"
    [[ -s $listed ]] || { echo "$1: no public item is listed"; exit 1; }
    [[ -z ${BLESS-} ]] || cp "$listed" "$recorded"
    diff -u --label "$recorded, as recorded" --label "$1, as it is" "$recorded" "$listed" || return 1
    items=$((items + $(wc -l <"$listed")))
}

choose_toolchain
wrap_rustdoc
cargo build --locked --quiet -p tearfree-public-api
items=0 changed=()
for crate in tearfree tearfree-page tearfree-clock tearfree-axm; do
    compare "$crate" || changed+=("$crate")
done
[[ ${#changed[@]} == 0 ]] || {
    echo "as recorded: not ${changed[*]}; if the change is meant: BLESS=1 ./check api, and a line in CHANGELOG.md"
    exit 1
}
echo "as recorded: $items public items"
