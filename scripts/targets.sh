#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Compiles the core for processors without an operating system, for WebAssembly and 32-bit x86 without
# features and with `critical-section`, and for macOS and Windows with `std`; pages are refused there. Exit status 77: the source of the
# standard library is missing, as the last line says. CI=true installs it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/compilers.sh
source scripts/lib/compilers.sh

# Targets, and the feature that the crate needs there: some processors have no atomic exchange.
readonly TARGETS="
thumbv6m-none-eabi           critical-section
thumbv7m-none-eabi           -
riscv32imc-unknown-none-elf  critical-section
wasm32-unknown-unknown       -
i686-unknown-linux-gnu       -
"
# Systems whose standard library is compiled from source, which takes minutes once.
readonly SYSTEMS="aarch64-apple-darwin x86_64-pc-windows-msvc"

require_source
export RUSTC=$rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS="-D warnings" CARGO_PROFILE_DEV_DEBUG=0
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/targets

while read -r target demanded; do
    [[ -z $target ]] && continue
    for features in "${demanded#-}" critical-section; do
        "${rustc%rustc}cargo" check --locked -p tearfree --target "$target" -Zbuild-std=core \
            --no-default-features --features "$features" </dev/null
    done
    echo "compiles for: $target"
done <<<"$TARGETS"

for target in $SYSTEMS; do
    for features in std std,critical-section,serde,zerocopy; do
        "${rustc%rustc}cargo" check --locked -p tearfree --target "$target" \
            -Zbuild-std=std,panic_unwind --no-default-features --features "$features" </dev/null
    done
    echo "compiles for: $target"
done

# The error message names the missing feature.
refusal=$("${rustc%rustc}cargo" check --locked -p tearfree --target thumbv6m-none-eabi \
    -Zbuild-std=core --no-default-features 2>&1 || true)
grep -q "enable the feature *\\\\\?.*critical-section" <<<"$refusal" ||
    { echo "$refusal"; exit 1; }

# Pages, and the crates that use them, are for Linux on 64-bit machines, as the compiler's first error says elsewhere.
refused() { # TARGET
    local refusal
    refusal=$("${rustc%rustc}cargo" check --locked -p tearfree-page --target "$1" \
        -Zbuild-std=std,panic_unwind 2>&1 || true)
    grep -m 1 "^error" <<<"$refusal" | grep -q "^error: tearfree-page .*Linux on 64-bit machines" ||
        { echo "$refusal"; exit 1; }
    echo "refused on $1: tearfree-page"
}
for target in i686-unknown-linux-gnu $SYSTEMS; do
    refused "$target"
done
# The compiler does not get past pages for the others.
for package in clock capi preload cli; do
    tree=$(cargo tree --locked -p "tearfree-$package" --edges normal --target all --prefix none)
    grep -q '^tearfree-page ' <<<"$tree" || { echo "tearfree-$package does without pages: have it refused, too"; exit 1; }
done
