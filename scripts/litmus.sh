#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs every litmus file with herd7 and compares its verdict with the one that the file expects.
# HERD7 is the command, by default `herd7`. The last line is the result for `check`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Each file takes a few seconds.
readonly LIMIT=120
read -ra herd <<<"${HERD7:-herd7}"

# verdict FILE: prints herd7's verdict: Never, Sometimes or Always, or Race for a data race.
verdict() {
    local model=() output
    [[ $(head -n 1 "$1") != "C "* ]] || model=(-model "$PWD/litmus/rc11-cpp20.cat")
    output=$(timeout "$LIMIT" "${herd[@]}" "${model[@]}" "$1" 2>&1) || true
    if grep -q '^Flag .*undef' <<<"$output"; then
        echo Race
    else
        sed -nE 's/^Observation [^ ]+ (Never|Sometimes|Always) .*/\1/p' <<<"$output"
    fi
}

files=0 wrong=0
for file in litmus/*/*.litmus; do
    expected=$(sed -nE 's/^\(\* expect: ([A-Z][a-z]+) \*\)$/\1/p' "$file")
    found=$(verdict "$file")
    files=$((files + 1))
    [[ -n $expected && $found == "$expected" ]] && continue
    wrong=$((wrong + 1))
    echo "$file: expected ${expected:-nothing}, found ${found:-no verdict}"
done
echo "$files litmus files, $wrong with another verdict than expected"
((files > 0 && wrong == 0))
