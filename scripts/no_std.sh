#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The core crate without its features, as a kernel compiles it: by rustc alone, with no other crate
# and no std. A program made of it and of nothing else has to link, to run, and to have no panic in
# its reads and writes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

out=$(mktemp -d)
trap 'rm -r "$out"' EXIT

for target in x86_64-unknown-none aarch64-unknown-none; do
    what=(-p tearfree --no-default-features -e "normal,build" --target "$target")
    crates=$(cargo tree "${what[@]}" --prefix none)
    echo "$target: $crates"
    [[ $(wc -l <<<"$crates") == 1 ]] || { echo "there is a dependency"; exit 1; }
done

flags=(--edition 2024 -O -C panic=abort --out-dir "$out")
rustc "${flags[@]}" --crate-name tearfree --crate-type rlib crates/tearfree/src/lib.rs
# If anything here needs std, then rustc finds two panic handlers, std's and the probe's.
rustc "${flags[@]}" --extern "tearfree=$out/libtearfree.rlib" scripts/no_std_probe.rs
"$out/no_std_probe"

if nm -C "$out/no_std_probe" | grep -E 'core::panicking|panic_handler|rust_begin_unwind'; then
    echo "the probe's reads and writes can panic"
    exit 1
fi
echo "links without std, runs, and cannot panic"
