#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Checks every file that git tracks or would add: prints each fault, and fails if there is one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# shellcheck source=scripts/lib/faults.sh
source scripts/lib/faults.sh
readonly MOST_LINES=400

# forbid REGEX ADVICE: each line that matches the regex is a fault.
forbid() {
    local found status=0
    found=$(git grep --untracked -nIE "$1") || status=$?
    case $status in
        0) while IFS= read -r line; do fault "$line  <- $2"; done <<<"$found" ;;
        1) ;; # nothing found
        *) fault "git grep failed with status $status" ;;
    esac
}

sources=0
while IFS= read -r -d '' file; do
    [[ -f $file ]] || continue # deleted, but still in the index
    case $file in
        *.rs | *.sh | *.c | *.cpp | *.h | *.hpp | *.py | check | .ci/run | .github/*-* | .github/workflows/*) ;;
        *) continue ;;
    esac
    sources=$((sources + 1))
    lines=$(wc -l <"$file")
    ((lines <= MOST_LINES)) || fault "$file: $lines lines, more than $MOST_LINES: split it"
    head -n 2 "$file" | grep -q 'SPDX-License-Identifier: ' ||
        fault "$file: add SPDX-License-Identifier to its first two lines"
done < <(git ls-files -z --cached --others --exclude-standard)
((sources > 0)) || fault "git lists no source file"

# Unfinished work. A word in backticks is allowed. The brackets keep this file from matching itself.
forbid '(^|[^`A-Za-z])(TO[D]O|X[X]X)([^A-Za-z]|$)' 'finish it, or write FIXME(#n) with the number of an issue'
forbid '(tod[o]|unimplemente[d])!' 'finish this stub'
forbid 'FIXM[E]($|[^(]|\([^#])' 'write FIXME(#n) with the number of an issue'
# Paths of one machine.
forbid '(^|[^A-Za-z0-9_.])/(tm[p]|roo[t]|wor[k]|User[s]|home/[a-z]+)/' 'remove this path, which exists on one machine only'
# A tag can be moved to other code; a commit cannot.
forbid '^[- ]*uses: [^@]*@([^ ]{0,39}[^0-9a-f ]|[0-9a-f]{0,39}( |$))' "name the commit of the action, with 40 digits"

((faults == 0)) || { echo "$faults faults"; exit 1; }
echo "$sources source files"
