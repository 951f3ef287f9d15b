#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Compiles the core crate without features, as a kernel does: with rustc, no other crate and no std. A program
# that uses only this crate has to link, run, and contain no panic.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

out=$(mktemp -d)
trap 'rm -r "$out"' EXIT

for target in x86_64-unknown-none aarch64-unknown-none; do
    what=(-p tearfree --no-default-features -e "normal,build" --target "$target")
    crates=$(cargo tree "${what[@]}" --prefix none)
    echo "$target: $crates"
    [[ $(wc -l <<<"$crates") == 1 ]] || { echo "the core depends on other crates without its features"; exit 1; }
done

flags=(--edition 2024 -O -C panic=abort --out-dir "$out")
rustc "${flags[@]}" --crate-name tearfree --crate-type rlib crates/tearfree/src/lib.rs
# If this needed std, rustc would report two panic handlers: that of std and that of the probe.
rustc "${flags[@]}" --extern "tearfree=$out/libtearfree.rlib" scripts/no_std_probe.rs
"$out/no_std_probe"

if nm -C "$out/no_std_probe" | grep -E 'core::panicking|panic_handler|rust_begin_unwind'; then
    echo "the reads and writes of the probe can panic"
    exit 1
fi
echo "links without std, runs, and cannot panic"
