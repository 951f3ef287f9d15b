#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Installs the command by `cargo install`: from the repository, and from the packages of its crates without a network.
# Then shows programs a clock from copies of the command, without the repository's build: as other users, where nothing
# can be written, and where nothing that was written can be executed.
set -euo pipefail
script=$(realpath "${BASH_SOURCE[0]}")
cd "$(dirname "$script")/.."

readonly DATE=2038-01-19
cases=0

fail() {
    echo "installed: $*"
    exit 1
}

# shows WHAT OUTPUT: a program saw the clock, and printed nothing else.
shows() {
    [[ $2 == "$DATE" ]] || fail "$1: instead of $DATE: $2"
    cases=$((cases + 1))
}

# on_clock COMMAND [PROGRAM...]: runs a program on the clock, or `date`.
on_clock() {
    local command=$1
    shift
    [[ $# != 0 ]] || set -- date -u +%F
    timeout 60 "$command" clock exec --at "${DATE}T00:00Z" --freeze -- "$@" 2>&1
}

# unpack_packages INTO: packages the crates that the command needs, and unpacks them beside its dependencies, as a
# directory source of cargo.
unpack_packages() {
    local name version checksum crate from
    local own=(tearfree tearfree-page tearfree-clock tearfree-embed tearfree-preload tearfree-cli)
    # Not in target/package, where another check may be packaging.
    cargo package --locked --allow-dirty --no-verify --quiet --target-dir "$target/install" "${own[@]/#/--package=}"
    for name in "${own[@]}"; do
        crate=$(echo "$target/install/package/$name"-[0-9]*.crate)
        tar -xzf "$crate" -C "$1"
        describe "$1/$(basename "$crate" .crate)" "$(sha256sum "$crate" | cut -d ' ' -f 1)"
    done
    while read -r name version checksum; do
        from=$(echo "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/"$name-$version")
        cp -r "$from" "$1/"
        describe "$1/$name-$version" "$checksum"
    done < <(registry_crates "$1"/tearfree-cli-[0-9]*/Cargo.lock)
}

# describe CRATE CHECKSUM: adds the file by which cargo recognises a crate of a directory source.
describe() { printf '{"files":{},"package":"%s"}\n' "$2" >"$1/.cargo-checksum.json"; }

# registry_crates LOCK: prints name, version and checksum of the crates in a lock file that are not of this project.
registry_crates() {
    awk -F '"' '/^name/ { name = $2 } /^version/ { version = $2 }
        /^checksum/ && name !~ /^tearfree/ { print name, version, $2 }' "$1"
}

# Installs the command below $work/repository and $work/packages. The first build shares what other checks built; the
# second one begins from nothing, because cargo takes a package of the same version for unchanged.
install() {
    local options=(--debug --quiet --no-track)
    cargo install "${options[@]}" --locked --target-dir "$target" --path crates/tearfree-cli \
        --root "$work/repository"
    cargo fetch --locked --quiet
    mkdir "$work/vendor" "$work/elsewhere"
    unpack_packages "$work/vendor"
    # Elsewhere no configuration of the repository applies.
    rm -rf "$target/install"
    (cd "$work/elsewhere" && CARGO_PROFILE_DEV_DEBUG=none cargo install "${options[@]}" --offline \
        --target-dir "$target/install" --root "$work/packages" tearfree-cli \
        --config 'source.crates-io.replace-with="packages"' \
        --config "source.packages.directory=\"$work/vendor\"")
    rm -r "$work/vendor"
}

# Runs the command where the repository's build is hidden. For root, in a mount namespace of its own.
try_command() {
    local tearfree=$work/repository/bin/tearfree nobody left
    mount -t tmpfs none "$target"
    shows "from packages" "$(on_clock "$work/packages/bin/tearfree")"
    mkdir -p "$work/a b" "$work/home"
    cp "$tearfree" "$work/a b/"
    shows "from a path with a blank" "$(on_clock "$work/a b/tearfree")"
    shows "below an empty environment" "$(env -i "$tearfree" clock exec --at "${DATE}T00:00Z" -- /bin/date -u +%F 2>&1)"

    nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    shows "as another user" "$("${nobody[@]}" env HOME=/nonexistent timeout 60 "$tearfree" \
        clock exec --at "${DATE}T00:00Z" --freeze -- date -u +%F 2>&1)"
    shows "a program that drops the rights of root" "$(on_clock "$tearfree" "${nobody[@]}" date -u +%F)"

    touch "$work/running"
    # shellcheck disable=SC2016 # for the shell that is started
    left='(while [ -e "$1" ]; do sleep 0.02; done; date -u +%F >"$2") </dev/null >/dev/null 2>&1 &'
    timeout 60 "$tearfree" clock exec --page "$work/page" --at "${DATE}T00:00Z" --freeze -- \
        sh -c "$left" sh "$work/running" "$work/late"
    mkfifo "$work/late"
    rm "$work/running"
    shows "a program that outlives the command, and starts another" "$(timeout 60 cat "$work/late")"

    mount -o remount,bind,ro /
    shows "on a read-only root" "$(HOME=/nonexistent on_clock "$tearfree")"
    for place in /run /dev/shm; do
        mount -t tmpfs -o noexec none "$place"
    done
    shows "where nothing can be executed" "$(HOME=/nonexistent on_clock "$tearfree")"
    # shellcheck disable=SC2016 # for the shell that is started
    left=$(HOME=/nonexistent on_clock "$tearfree" sh -c 'echo "$LD_PRELOAD"')
    [[ $left == /proc/* ]] || fail "it was placed at $left"
}

if [[ ${1-} == --hidden ]]; then
    target=$2 work=$3
    try_command
    echo "$cases cases"
    exit
fi
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
work=$(mktemp -d)
chmod 755 "$work"
as_root=()
[[ $(id -u) == 0 ]] || as_root=(sudo --non-interactive)
trap '"${as_root[@]}" rm -rf "$work"' EXIT
install
if "${as_root[@]}" unshare --mount true; then
    "${as_root[@]}" unshare --mount "$BASH" "$script" --hidden "$target" "$work" | tee "$work/cases"
    echo "installed: $(tail -n 1 "$work/cases")"
else
    [[ ${CI:-false} == false ]] || fail "under CI root has to be able to create mount namespaces"
    shows "from the repository" "$(on_clock "$work/repository/bin/tearfree")"
    shows "from packages" "$(on_clock "$work/packages/bin/tearfree")"
    echo "installed: $cases cases; left out, without root: other users, and file systems that forbid something"
fi
