#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Compares the public items of each published library with its api.txt. BLESS=1 rewrites these files.
# The JSON of rustdoc changes between releases, and scripts/public-api reads one format. Exit status 77: no
# toolchain writes this format, as the last line says.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly FORMAT=57 WRITTEN_BY=1.95.0
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

# format [+TOOLCHAIN]: prints the number of the format that its rustdoc writes.
format() {
    RUSTC_BOOTSTRAP=1 rustdoc "$@" -Zunstable-options --output-format json --crate-name empty \
        --out-dir "$work" - <<<'' >&2 && grep -oP '"format_version":\K[0-9]+' "$work/empty.json"
}

# Sets `cargo` to that of the first toolchain with this format.
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

# compare CRATE: prints the difference, and fails if there is one.
compare() {
    local recorded=crates/$1/api.txt listed=$work/api.txt
    RUSTDOC=$PWD/scripts/lib/unstable_rustdoc "${cargo[@]}" rustdoc --locked --quiet -p "$1" --lib --all-features -- \
        -Zunstable-options --output-format json
    "$target/debug/tearfree-public-api" "$target/doc/${1//-/_}.json" >"$listed"
    [[ -s $listed ]] || { echo "$1: no public items found"; exit 1; }
    [[ -z ${BLESS-} ]] || cp "$listed" "$recorded"
    diff -u --label "$recorded, as recorded" --label "$1, now" "$recorded" "$listed" || return 1
    items=$((items + $(wc -l <"$listed")))
}

choose_toolchain
cargo build --locked --quiet -p tearfree-public-api
items=0 changed=()
for crate in tearfree tearfree-page tearfree-table tearfree-clock tearfree-axm; do
    compare "$crate" || changed+=("$crate")
done
[[ ${#changed[@]} == 0 ]] || {
    echo "as recorded: not ${changed[*]}; if this is intended: BLESS=1 ./check api, and a line in CHANGELOG.md"
    exit 1
}
echo "as recorded: $items public items"
