#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Checks that each link from a page of the documentation to a file leads to one: rustdoc checks links to items only.
# The argument is the folder of the documentation; each further one is a folder of pages below it.
set -euo pipefail
# shellcheck source=scripts/lib/faults.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/faults.sh"
doc=$1
shift

# Prints the files to which the pages link, each with a page that does, as paths below the folder.
targets() {
    (cd "$doc" && grep -roE --include='*.html' 'href="[^"#?]+' "$@") |
        awk '{
            colon = index($0, ":")
            page = substr($0, 1, colon - 1)
            link = substr($0, colon + 7)
            if (link ~ /^[a-z]+:|[$]/) next # addresses, and what scripts complete
            count = split(page, parts, "/") - 1
            steps = split(link, step, "/")
            for (i = 1; i <= steps; i++) {
                if (step[i] == "..") count--
                else if (step[i] != "." && step[i] != "") parts[++count] = step[i]
            }
            path = parts[1]
            for (i = 2; i <= count; i++) path = path "/" parts[i]
            if (!(path in seen)) print path, page
            seen[path]
        }'
}

links=0
while read -r target page; do
    links=$((links + 1))
    [[ -e $doc/$target ]] || fault "$page  <- links to $target, which is not in the documentation"
done < <(targets "$@")
((links > 0)) || { echo "no link was found in $doc"; exit 1; }
((faults == 0)) || exit 1
echo "doc links: $links files, all there"
