#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Builds the Debian packages, has lintian inspect them, installs and uses them, purges them, and installs the next version
# over them, all in copies: of the sources, and of this machine's files. Exit status 77: that needs root, as the last line
# says.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
stage=$target/debian
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
rm -rf "$stage"
mkdir -p "$stage/tearfree-$version"
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --no-dereference --parents -t "$stage/tearfree-$version"

[[ $(sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog) == "$version" ]] ||
    { echo "debian/changelog is not of version $version, that of Cargo.toml"; exit 1; }
cargo fetch --locked
# Here, and not in the copy, where cargo takes our crates for others: other checks have the same build.
for built in "tearfree-cli" "tearfree-preload" "tearfree-capi --lib"; do
    # shellcheck disable=SC2086 # one word for each
    cargo build --locked --release --package $built
done
# debhelper changes HOME. The compiler may be no package (-d). The best compression takes ten seconds more.
BUILD=: CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup} CARGO_TARGET_DIR=$target \
    DEB_BUILD_OPTIONS=noautodbgsym DPKG_DEB_COMPRESSOR_LEVEL=1 \
    bash -c 'cd "$0" && dpkg-buildpackage --no-sign -d' "$stage/tearfree-$version"
lintian --allow-root --fail-on error,warning --info --tag-display-limit 0 "$stage"/*.changes

if [[ $(id -u) != 0 ]] || ! unshare --mount --pid --fork --net --cgroup true; then
    echo "root and namespaces, to install the packages on a copy of this machine"
    exit 77
fi
# As a machine has them before and after an upgrade.
mkdir -p "$stage"/machine/packages
cp "$stage"/*.deb scripts/debian/example.c "$stage/machine/packages/"
# No package is installed meanwhile on the machine that is copied.
flock scripts/lib/apt.conf timeout 300 scripts/debian/try_packages.sh "$stage/machine/packages"
scripts/debian/next_version.sh "$stage" "$version" "$version.1" "$stage/machine/next"
flock scripts/lib/apt.conf timeout 300 scripts/services/boot.sh "$stage/machine" scripts/debian/upgrade.sh
