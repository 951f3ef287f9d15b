#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Checks that CHANGELOG.md has entries for the version in Cargo.toml, in the form of Keep a Changelog.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# faults VERSION: prints what is wrong with the changelog in the standard input.
faults() {
    awk -v version="$1" '
        function end_section() {
            if (section != "" && !entries) print "line " begin ": no entry below \"" section "\""
            section = ""
        }
        function end_release() { end_section(); within = 0 }
        /^## Ledger/ { end_release(); next }
        /^## / {
            end_release()
            within = 1
            if (!/^## \[[0-9]+\.[0-9]+\.[0-9]+\] - (unreleased|[0-9]+-[0-9]+-[0-9]+)$/)
                print "line " NR ": write \"## [VERSION] - unreleased\", or the day as 2026-11-27, instead of: " $0
            releases++
            if (releases == 1 && index($0, "## [" version "] - ") != 1)
                print "line " NR ": the first version is not " version ", that of Cargo.toml: " $0
            next
        }
        /^### / {
            end_section()
            section = $0
            begin = NR
            entries = 0
            if (!/^### (Added|Changed|Deprecated|Removed|Fixed|Security)$/)
                print "line " NR ": use Added, Changed, Deprecated, Removed, Fixed or Security instead of: " $0
            next
        }
        /^- / {
            entries++
            if (releases == 1) described++
            if (within && section == "") print "line " NR ": an entry outside of Added, Changed and so on"
        }
        END {
            end_section()
            if (described) exit
            print "no entry for " version ": write \"## [" version "] - unreleased\", \"### Added\" and the entries"
        }'
}

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
# Faults that it has to see.
for edit in 's/\] - .*/] (unreleased)/' 's/^## \[[0-9.]*/## [0.0.9/' 's/^### Added/### News/' \
    '/^- /d' '/^## \[/d' '/^### /d'; do
    [[ -n $(sed "$edit" CHANGELOG.md | faults "$version") ]] || { echo "CHANGELOG.md: '$edit' is not seen"; exit 1; }
done
found=$(faults "$version" <CHANGELOG.md)
[[ -z $found ]] || { echo "CHANGELOG.md: $found"; exit 1; }
echo "CHANGELOG.md: has $version"
