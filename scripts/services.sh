#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Checks the units of systemd/: that systemd understands them, that they keep their restrictions, and that they run. For
# the latter systemd is booted in namespaces of its own, which needs root. Exit status 77: it cannot, as the last line says.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What systemd-analyze may give at most, of 100, where 100 is no restriction at all.
readonly MOST_EXPOSED=11
readonly MOST_EXPOSED_USER=70

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
stage=$target/services
rm -rf "$stage"
mkdir -p "$stage"/{check,usr/bin,usr/lib}
cargo build --locked --quiet --release --package tearfree-cli
cp "$target/release/tearfree" "$stage/usr/bin/"
cp -r systemd "$stage/usr/lib/systemd"
rm "$stage/usr/lib/systemd/README.md"
cp scripts/services/forbidden.py "$stage/check/"

verify() { # UNIT OPTION...: fails at any warning. The command and its man page are not installed here.
    local unit=$1 said
    shift
    sed -e "s|=/usr/bin/tearfree|=$stage/usr/bin/tearfree|; /^Documentation=/d" "$unit" \
        >"$stage/check/${unit##*/}"
    said=$(XDG_RUNTIME_DIR=$stage systemd-analyze verify "$@" "$stage/check/${unit##*/}" 2>&1) ||
        { echo "$unit: $said"; exit 1; }
    [[ -z $said ]] || { echo "$unit: $said"; exit 1; }
}

exposure() { # MOST UNIT OPTION...
    local most=$1 unit=$2
    shift 2
    XDG_RUNTIME_DIR=$stage systemd-analyze security --offline=true --threshold="$most" --no-pager "$@" "$unit" | tail -n 1
}

verify systemd/system/tearfree-clock.service
verify systemd/user/tearfree-clock.service --user
exposure $MOST_EXPOSED systemd/system/tearfree-clock.service
exposure $MOST_EXPOSED_USER systemd/user/tearfree-clock.service --user

if [[ $(id -u) != 0 ]] || ! unshare --mount --pid --fork --net --cgroup true; then
    echo "root and namespaces, to boot systemd with the units"
    exit 77
fi
timeout 300 scripts/services/boot.sh "$stage" scripts/services/run_units.sh
