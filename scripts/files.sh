#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Looks at every file that git knows or would add: prints each fault, and fails if there is one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly MOST_LINES=400
faults=0

fault() {
    echo "$*"
    faults=$((faults + 1))
}

# forbid REGEX REASON: each line of any file that the regex matches is a fault.
forbid() {
    local found status=0
    found=$(git grep --untracked -nIE "$1") || status=$?
    case $status in
        0) while IFS= read -r line; do fault "$line  <- $2"; done <<<"$found" ;;
        1) ;; # nothing found
        *) fault "git grep does not work here" ;;
    esac
}

sources=0
while IFS= read -r -d '' file; do
    [[ -f $file ]] || continue # deleted, and git does not know yet
    case $file in
        *.rs | *.sh | *.c | *.h | *.py | check | .ci/run | .github/*-* | .github/workflows/*) ;;
        *) continue ;;
    esac
    sources=$((sources + 1))
    lines=$(wc -l <"$file")
    ((lines <= MOST_LINES)) || fault "$file: $lines lines, and $MOST_LINES is the most"
    head -n 2 "$file" | grep -q 'SPDX-License-Identifier: ' ||
        fault "$file: no SPDX-License-Identifier in its first two lines"
done < <(git ls-files -z --cached --others --exclude-standard)
((sources > 0)) || fault "git lists no source file"

# Work left undone. In backticks a word is only mentioned. The brackets hide this file from itself.
forbid '(^|[^`A-Za-z])(TO[D]O|X[X]X)([^A-Za-z]|$)' 'do it, or write FIXME(#n), n being an issue'
forbid '(tod[o]|unimplemente[d])!' 'a stub'
forbid 'FIXM[E]($|[^(]|\([^#])' 'write FIXME(#n), n being an issue'
# Paths that exist on one machine only.
forbid '(^|[^A-Za-z0-9_.])/(tm[p]|roo[t]|wor[k]|User[s]|home/[a-z]+)/' 'a path of one machine'
# A tag can be moved to other code; a commit cannot.
forbid '^[- ]*uses: [^@]*@([^ ]{0,39}[^0-9a-f ]|[0-9a-f]{0,39}( |$))' "name the action's commit, all 40 digits of it"

((faults == 0)) || { echo "$faults faults"; exit 1; }
echo "$sources source files"
