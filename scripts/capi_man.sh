#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Checks the manual pages of the C calls that man/pages.awk makes of the header: correct roff, a page for each call, no
# reference to a missing page.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/faults.sh
source scripts/lib/faults.sh
CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export CARGO_TARGET_DIR
cd crates/tearfree-capi
readonly HEADERS=(include/tearfree.h include/tearfree/*.h)

# Prints the calls of these headers that the library has. Its other symbols are for the inline functions of the kernel's API.
calls() {
    local symbol
    sed -n 's/^symbol //p' abi.txt | while read -r symbol; do
        ! grep -qE "[ *]$symbol\(" "${HEADERS[@]}" || echo "$symbol"
    done
}

make --silent pages
readonly pages=$CARGO_TARGET_DIR/man3

count=0
for call in $(calls); do
    count=$((count + 1))
    page=$pages/$call.3
    [[ -s $page ]] || { fault "$call has no manual page"; continue; }
    # A page, or a link to the page of a call that is described together with it.
    link=$(sed -n 's,^\.so man3/,,p' "$page")
    grep -qE "^($call|.*, $call)(,| \\\\-)" "$pages/${link:-$call.3}" || fault "$page does not name $call"
    grep -q "$call(" "$pages/${link:-$call.3}" || fault "$page does not declare $call"
done
((count > 30)) || fault "abi.txt has $count calls"
while read -r number; do
    grep -qw "$number" "$pages"/*.3 || fault "no manual page has $number"
done < <(sed -n 's/^number \([A-Z_0-9]*\) .*/\1/p' abi.txt)
while read -r name; do
    [[ -s $pages/$name.3 ]] || fault "a page refers to $name(3), which is missing"
done < <(sed -n 's/^\.BR \([a-z_]*\) (3).*/\1/p' "$pages"/*.3 | sort -u)

# lint PAGE: prints what is wrong. Pages have no date, so that the same sources give the same pages.
lint() {
    { mandoc -T lint -W warning "$1" || true; } | grep -v 'missing date, using "": TH' || true
    groff -man -ww -z "$1" 2>&1
}

for page in "$pages"/*.3; do
    ! grep -q '^\.so ' "$page" || continue
    [[ $(sed -n '/^\.SH NAME/{n;p}' "$page") == *" \- "[a-z]* ]] || fault "$page has no summary"
    complaints=$(lint "$page")
    [[ -z $complaints ]] || fault "$complaints"
done
((faults == 0)) || { echo "man pages: $faults faults"; exit 1; }
echo "man pages: $count calls"
