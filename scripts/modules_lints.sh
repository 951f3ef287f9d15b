#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Checks the Rust sources of the kernel modules with the lints of the workspace. The build of the kernel
# compiles them with rustc, and not with cargo, and so does this script.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

out=$(mktemp -d)
trap 'rm -r "$out"' EXIT

# Prints the lints of Cargo.toml as options of rustc.
lints() {
    sed -nE '/^\[workspace\.lints\.rust\]/,/^$/s/^([a-z_]+) = "([a-z]+)".*/--\2=\1/p' Cargo.toml
    sed -nE '/^\[workspace\.lints\.clippy\]/,/^$/s/^([a-z_]+) = "([a-z]+)".*/--\2=clippy::\1/p' \
        Cargo.toml
}
mapfile -t lints < <(lints)
[[ ${#lints[@]} -ge 10 ]] || { echo "no lints found in Cargo.toml"; exit 1; }

metadata() { # NAME SOURCE [OPTION]...
    local name=$1 source=$2
    shift 2
    clippy-driver --edition 2024 -C panic=abort --crate-type rlib --emit=metadata -L "$out" \
        --crate-name "$name" -o "$out/lib$name.rmeta" "$@" "$source"
}

# Kernel code calls C, which is unsafe, and has no formatting for Debug.
strict=("${lints[@]}" --deny=warnings --allow=unsafe_code --allow=missing_debug_implementations)
metadata tearfree crates/tearfree/src/lib.rs --cap-lints=allow
metadata tearfree_kernel kernel/rust/tearfree_kernel/lib.rs --extern tearfree "${strict[@]}"
for name in tutorial etx hammer; do
    metadata "$name" "kernel/rust/$name/lib.rs" --extern tearfree --extern tearfree_kernel \
        "${strict[@]}"
done
