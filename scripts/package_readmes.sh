#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Makes the README of each crate whose documentation begins with src/lib.md: the same text as a registry shows it,
# without doc links and without the lines that rustdoc hides. Then checks each published README: its links
# lead somewhere from a registry's page, too, and it states the oldest Rust of its manifest. BLESS=1 rewrites the READMEs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/faults.sh
source scripts/lib/faults.sh
# shellcheck source=scripts/lib/published.sh
source scripts/lib/published.sh

# readme FILE: prints the text of documentation as a README.
readme() {
    echo "<!-- Made from $1 by \`BLESS=1 ./check package\`. -->"
    # shellcheck disable=SC2016 # the backticks are Markdown's
    sed -E '
        /^```rust/,/^```$/ { /^#( |$)/d }
        /^```/,/^```$/! {
            s/\]\(https:/]\x01/g
            :again
            s/\[([^][]*)\]\([^()]*(\(\))?\)/\1/
            t again
            s/\x01/(https:/g
            s/\[(`[^`]*`)\]/\1/g
        }' "$1"
}

# make CRATE: compares its README with its documentation.
make() {
    local made
    made=$(readme "$1/src/lib.md")
    [[ -z ${BLESS-} ]] || echo "$made" >"$1/README.md"
    diff -u --label "$1/README.md" --label "$1/src/lib.md, as a README" "$1/README.md" - <<<"$made" ||
        fault "$1/README.md is not made from src/lib.md: BLESS=1 ./check package"
}

# Prints "LINE: TARGET" for each link outside of code whose target is no address and no heading.
links() {
    awk '
        /^ *```/ { code = !code; next }
        code { next }
        {
            text = $0
            gsub(/`[^`]*`/, "`", text)
            while (match(text, /\]\([^)]*\)|^\[[^]]*\]: *[^ ]+|\[`\][^(]|\[`\]$/)) {
                target = substr(text, RSTART, RLENGTH)
                text = substr(text, RSTART + RLENGTH)
                if (target ~ /^\]\((https:|#)/ || target ~ /\]: *https:/) continue
                print NR ": " target
            }
        }' "$1"
}

# check_links README: a registry shows the file alone, at an address of its own.
check_links() {
    local link
    while read -r link; do
        fault "$1:$link  <- a link that is lost on a registry's page: name the file or the item without a link"
    done < <(links "$1")
}

# check_rust README MANIFEST: both state the same oldest compiler.
check_rust() {
    local stated
    stated=$(oldest_rust "$2")
    grep -qF "Rust $stated or newer" "$1" || fault "$1: write \"Rust $stated or newer\", as $2 has it"
}

readmes=0
while read -r manifest; do
    crate=${manifest%/Cargo.toml}
    [[ ! -f $crate/src/lib.md ]] || make "$crate"
    check_links "$crate/README.md"
    check_rust "$crate/README.md" "$manifest"
    readmes=$((readmes + 1))
done < <(published)

((readmes > 0)) || fault "no crate is published"
((faults == 0)) || { echo "READMEs: $faults faults"; exit 1; }
echo "READMEs: $readmes as registries show them"
