#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Compares the public types to which nothing can be added with the list of those for which this is intended: enums
# with variants and structs with public fields that are not #[non_exhaustive].
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly LIST=scripts/exhaustive.txt

# Prints the paths of these types.
types() {
    awk '
        /^(#\[repr[^]]*\] )?pub (enum|struct) / {
            path = $0
            sub(/^(#\[[^]]*\] )?pub (enum|struct) /, "", path)
            sub(/[<(].*/, "", path)
            candidates[path]
        }
        # A variant or a field.
        /^pub [a-z_]+(::[A-Za-z0-9_]+)+(::[A-Za-z0-9_]+)(<[^>]*>)?(\(.*\)|: .*)?$/ {
            path = $0
            sub(/^pub /, "", path)
            sub(/(: |\().*/, "", path)
            sub(/<[^>]*>/, "", path)
            sub(/::[A-Za-z0-9_]+$/, "", path)
            if (path in candidates) print path
        }' "$@" | sort -u
}

found=$(types crates/*/api.txt)
[[ -n $found ]] || { echo "found no type at all"; exit 1; }
diff -u --label "$LIST" --label "the types in crates/*/api.txt" \
    <(grep -v '^#' "$LIST" | cut -d ' ' -f 1 | sort -u) - <<<"$found" ||
    { echo "make each added type #[non_exhaustive], or give the reason in $LIST"; exit 1; }
echo "exhaustive: $(wc -l <<<"$found") types, each for a reason"
