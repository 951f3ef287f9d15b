#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Packages every published crate as `cargo publish` does, and checks that the packages contain all files that users
# need, and nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/faults.sh
source scripts/lib/faults.sh
# shellcheck source=scripts/lib/published.sh
source scripts/lib/published.sh

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
license=$(sed -n 's/^license = "\(.*\)"/\1/p' Cargo.toml)

# check_manifest MANIFEST: the addresses are in the manifest of the workspace only.
check_manifest() {
    local key
    for key in license authors homepage repository documentation; do
        grep -qx "$key.workspace = true" "$1" || fault "$1: add $key.workspace = true"
    done
    for key in description readme keywords categories; do
        grep -qE "^$key( =|\.workspace = true)" "$1" || fault "$1: no $key"
    done
    grep -q '^targets = \[' <<<"$(grep -A 5 -x '\[package.metadata.docs.rs\]' "$1")" ||
        fault "$1: no [package.metadata.docs.rs] with the targets for which docs.rs shows it"
}

check_addresses() {
    local homepage found
    homepage=$(sed -n 's/^homepage = "\(.*\)"/\1/p' Cargo.toml)
    found=$(git grep --untracked -nIF "${homepage#https://}" -- . ':!/Cargo.toml') || return 0
    fault "$found  <- the address is allowed in Cargo.toml only"
}

# check_package FOLDER: checks the files of an unpacked package.
check_package() {
    local file text name=${1##*/}
    for text in LICENSE-APACHE LICENSE-MIT; do
        cmp -s "$text" "$1/$text" || fault "$name: $text is missing, or not that of the project"
    done
    [[ -s $1/README.md ]] || fault "$name: no README.md"
    while read -r file; do
        case $file in
            Cargo.toml | Cargo.toml.orig | Cargo.lock | .cargo_vcs_info.json) ;;
            LICENSE-APACHE | LICENSE-MIT | *.md) ;;
            build.rs | src/*.ld | src/*.rs | tests/*.rs | examples/*.rs) ;;
            tests/*.[ch] | tests/*.cpp | tests/*.py | tests/*.proptest-regressions | tests/*.txt) ;;
            assembly/*.s | include/*.h | include/*.hpp | abi.txt | api.txt | Makefile | *.pc.in | man/*.awk | cmake/*.in) ;;
            *) fault "$name/$file: unexpected file: \`exclude\` it in the manifest, or add its kind to $0" ;;
        esac
    done < <(cd "$1" && find . -type f | sed 's,^\./,,' | sort)
    while read -r file; do
        fault "$name/$file  <- the licence is not $license"
    done < <(cd "$1" && grep -rnI 'SPDX-License-Identifier: [A-Z]' -- * |
        grep -vF "SPDX-License-Identifier: $license")
}

files=0
while read -r manifest; do
    check_manifest "$manifest"
done < <(published)
mapfile -t crates < <(published_crates)
((${#crates[@]} > 0)) || fault "no crate is published"
check_addresses

rm -rf "$target/package"
# Changes that are not committed are included. The check package_tests builds and tests what is packaged.
cargo package --locked --allow-dirty --no-verify "${crates[@]/#/--package=}"

for crate in "${crates[@]}"; do
    packages=("$target/package/$crate"-[0-9]*.crate)
    [[ -f ${packages[0]} ]] || { fault "$crate: no package"; continue; }
    rm -rf "${packages[0]%.crate}"
    tar -xzf "${packages[0]}" -C "$target/package"
    check_package "${packages[0]%.crate}"
    files=$((files + $(tar -tzf "${packages[0]}" | wc -l)))
done

((faults == 0)) || { echo "packaged: $faults faults"; exit 1; }
echo "packaged: ${#crates[@]} crates, $files files"
