#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Compiles the core crate with the oldest supported compiler: rustup's toolchain of this version if it is
# installed, else Debian's packages, which are unpacked below target/. Exit status 77: neither is available,
# as the last line says.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# shellcheck source=scripts/lib/apt.sh
source scripts/lib/apt.sh

stated=$(sed -nE 's/^rust-version = "([0-9.]+)".*/\1/p' crates/tearfree/Cargo.toml)
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
root=$target/rust-$stated
packages=(rustc-web cargo-web libstd-rust-web-dev "libstd-rust-web-$stated" libllvm19 libpcre3)
# What cargo loads, and a small system lacks.
packages+=(libgit2-1.5 libhttp-parser2.9 libmbedcrypto7 libmbedtls14 libmbedx509-1 libssh2-1 libcurl4 libsqlite3-0)

missing() {
    echo "Rust $stated (rustup toolchain install $stated; Debian: $1)"
    exit 77
}

debian_version() {
    apt-cache madison rustc-web | grep -om 1 " $stated\.[^ ]*" | tr -d ' '
}

unpack() {
    local version package
    command -v apt-get >/dev/null || missing "its packages, by apt-get"
    # A new machine has no package lists yet.
    version=$(debian_version) || { apt_get update && version=$(debian_version); } ||
        missing "rustc-web $stated.0 of bookworm, after apt-get update"
    rm -rf "$root" "$root.part"
    mkdir -p "$root.part"
    for package in "${packages[@]}"; do
        [[ $package != *-web* ]] || package="$package=$version"
        (cd "$root.part" && apt-get download "$package") || missing "$package"
    done
    for package in "$root.part"/*.deb; do
        dpkg -x "$package" "$root.part"
        rm "$package"
    done
    mv "$root.part" "$root"
}

if installed=$(rustup toolchain list 2>/dev/null | grep -om 1 "^${stated//./\\.}[^ ]*"); then
    RUSTC=$(rustup which --toolchain "$installed" rustc)
    cargo=$(rustup which --toolchain "$installed" cargo)
else
    [[ -d $root ]] || unpack >&2
    RUSTC=$root/usr/bin/rustc cargo=$root/usr/bin/cargo
    libraries=$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu:$root/usr/lib/llvm-19/lib
    export LD_LIBRARY_PATH=$libraries
fi
export RUSTC CARGO_TARGET_DIR=$target/msrv
[[ $("$RUSTC" --version) == "rustc $stated."* ]] || { "$RUSTC" --version; exit 1; }

# Without `lock_api_05`: lock_api 0.5 needs a newer compiler.
for features in "" std std,critical-section,zerocopy lock_api_04,critical-section; do
    "$cargo" check --locked -p tearfree --no-default-features --features "$features"
done
echo "the core with $("$RUSTC" --version | cut -d ' ' -f 1,2)"
