#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Finds each use of a hidden item of another crate: such an item may change in any release, so the crate that uses it
# has to depend on that very version. In a copy of the repository, hidden items are marked as deprecated, and the compiler
# finds their uses, also those by macros.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/faults.sh
source scripts/lib/faults.sh
# shellcheck source=scripts/lib/published.sh
source scripts/lib/published.sh

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
copy=$target/hidden-items/copy

# Makes the copy, without files that are deleted but still in the index.
copy_repository() {
    rm -rf "$copy"
    mkdir -p "$copy"
    git ls-files -z --cached --others --exclude-standard |
        tar --create --null --ignore-failed-read --files-from=- 2>/dev/null | tar --extract --touch --directory "$copy"
}

# Prints "USER CRATE ITEM" for each use of another crate's item.
uses() {
    (cd "$copy" && CARGO_TARGET_DIR=$target/hidden-items CARGO_PROFILE_DEV_DEBUG=0 \
        cargo check --locked --message-format=short "${packages[@]}" 2>&1) >"$copy/log" ||
        { cat "$copy/log" >&2; return 1; }
    # shellcheck disable=SC2016 # the backticks are the compiler's
    sed -nE 's,^crates/([a-z-]+)/[^ ]* warning: use of deprecated [^`]*`(::)?(tearfree[a-z_]*)(::[^`]*)`.*,\1 \3 \3\4,p' \
        "$copy/log" | sort -u
}

# check_use USER CRATE ITEM: the workspace has the version of each sibling, for all crates that depend on it.
check_use() {
    grep -qE "^${2//_/-} = \{.* version = \"=" Cargo.toml ||
        fault "$1 uses the hidden $3: in Cargo.toml, depend on ${2//_/-} by \`version = \"=...\"\`, or do without"
    grep -qE "^${2//_/-} = \{ workspace = true" "crates/$1/Cargo.toml" ||
        fault "crates/$1/Cargo.toml: write ${2//_/-} = { workspace = true }"
}

mapfile -t packages < <(published_crates | sed 's/^/--package=/')
copy_repository
grep -rlF '#[doc(hidden)]' "$copy"/crates/*/src | xargs sed -i 's/#\[doc(hidden)\]/#[deprecated]/'
found=$(uses)
[[ -n $found ]] || fault "no use was found at all, but tearfree-page uses tearfree::raw"
while read -r user crate item; do
    check_use "$user" "$crate" "$item"
done <<<"$found"
rm -rf "$copy"

((faults == 0)) || { echo "hidden items: $faults faults"; exit 1; }
echo "hidden items: $(wc -l <<<"$found") of other crates are used, at exact versions"
