#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Builds the Debian packages, has lintian inspect them, installs and uses them, and purges them, all in copies: of the
# sources, and of this machine's files. Exit status 77: that needs root, as the last line says.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
stage=$target/debian
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
rm -rf "$stage"
mkdir -p "$stage/tearfree-$version"
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$stage/tearfree-$version"

[[ $(sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog) == "$version" ]] ||
    { echo "debian/changelog is not of version $version, that of Cargo.toml"; exit 1; }
cargo fetch --locked
# debhelper changes HOME. The compiler may be no package (-d).
CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup} CARGO_TARGET_DIR=$target \
    DEB_BUILD_OPTIONS=noautodbgsym \
    bash -c 'cd "$0" && dpkg-buildpackage --no-sign -d' "$stage/tearfree-$version"
lintian --allow-root --fail-on error,warning --info --tag-display-limit 0 "$stage"/*.changes

if [[ $(id -u) != 0 ]] || ! unshare --mount --net true; then
    echo "root and namespaces, to install the packages on a copy of this machine"
    exit 77
fi
cp scripts/debian/example.c "$stage/"
# No package is installed meanwhile on the machine that is copied.
flock scripts/lib/apt.conf timeout 300 scripts/debian/try_packages.sh "$stage"
