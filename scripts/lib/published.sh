#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The published crates: their manifests, names and compilers. Scripts source this, in the root of the repository.

# Prints the manifests of published crates: those without `publish = false`.
published() {
    local manifest
    git ls-files --cached --others --exclude-standard '*/Cargo.toml' | while read -r manifest; do
        grep -qx 'publish = false' "$manifest" || echo "$manifest"
    done
}

# package_name MANIFEST: prints the name of its package.
package_name() {
    sed -n 's/^name = "\(.*\)"/\1/p' "$1" | head -n 1
}

# Prints the names of the published crates.
published_crates() {
    local manifest
    published | while read -r manifest; do
        package_name "$manifest"
    done
}

# oldest_rust MANIFEST: prints the oldest compiler that it states, by itself or by the workspace.
oldest_rust() {
    sed -nE 's/^rust-version = "([0-9.]+)".*/\1/p' "$1" Cargo.toml | head -n 1
}
