#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Compiles the core for processors without an operating system, for WebAssembly, and for 32-bit x86: with
# no feature and as bare metal has it. Ends with 77, and says what is missing, where no source of the
# standard library is at hand. CI=true installs it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Each with what the crate demands there: some processors have no atomic exchange.
readonly TARGETS="
thumbv6m-none-eabi           critical-section
thumbv7m-none-eabi           -
thumbv7em-none-eabi          -
riscv32imc-unknown-none-elf  critical-section
wasm32-unknown-unknown       -
i686-unknown-linux-gnu       -
"

# Debian's compiler has the source as a package; rustup's has it if it was added.
compiler() {
    local rustc
    for rustc in rustc /usr/bin/rustc; do
        command -v "$rustc" >/dev/null || continue
        if [[ -d $("$rustc" --print sysroot)/lib/rustlib/src/rust/library ]]; then
            command -v "$rustc"
            return
        fi
    done
    return 1
}

if [[ ${CI:-false} != false && $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    packages=(rustc-web cargo-web rust-web-src)
    compiler >/dev/null || apt-get install -y --no-install-recommends "${packages[@]}" ||
        { apt-get update && apt-get install -y --no-install-recommends "${packages[@]}"; }
fi
if ! rustc=$(compiler); then
    echo "install rust-src (rustup component add rust-src; Debian: rustc-web cargo-web rust-web-src)"
    exit 77
fi
export RUSTC=$rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS="-D warnings"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/targets

while read -r target demanded; do
    [[ -z $target ]] && continue
    for features in "${demanded#-}" critical-section; do
        "${rustc%rustc}cargo" check --locked -p tearfree --target "$target" -Zbuild-std=core \
            --no-default-features --features "$features" </dev/null
    done
    echo "compiles for: $target"
done <<<"$TARGETS"

# What is not there is named, instead of a page of errors.
refusal=$("${rustc%rustc}cargo" check --locked -p tearfree --target thumbv6m-none-eabi \
    -Zbuild-std=core --no-default-features 2>&1 || true)
grep -q "enable the feature *\\\\\?.*critical-section" <<<"$refusal" ||
    { echo "$refusal"; exit 1; }
