#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The rule of the C library's ABI: what a program was compiled and linked against stays for as long as the soname does.
# Scripts source this.

# What to do about a change that the rule forbids.
# shellcheck disable=SC2034 # used by the script that sources this
readonly ABI_ADVICE="programs that are compiled already would break. Keep these lines (a new call takes a new name), or
give the library another soname: the next number in build.rs, Makefile, cmake/tearfree-config.cmake.in, README.md, the
Python module and, with the name of the package, debian/; then BLESS=1 scripts/capi.sh"

# broken_promises OLD NEW: prints the lines of OLD that NEW has no more, if both are records of the same soname. The
# options may grow, because they begin with their size.
broken_promises() {
    local old new
    old=$(cat "$1")
    new=$(cat "$2")
    [[ $(grep '^soname ' <<<"$old") == "$(grep '^soname ' <<<"$new")" ]] || return 0
    awk 'function grows(line) { return line ~ /^size struct [a-z_]+_options [0-9]+,/ }
        FNR == NR {
            kept[$0] = 1
            if (grows($0)) size[$3 $5 $6] = $4 + 0
            next
        }
        $0 in kept || grows($0) && size[$3 $5 $6] > $4 + 0 { next }
        { print }' <(echo "$new") <(echo "$old")
}

# A record of two calls, to try the rule on.
abi_example() {
    printf '%s\n' "soname lib.so.$1" "size struct page 8, alignment 8" "size struct page_options 16, alignment 8" \
        "number ERROR = 1" "function int open (const char *)" "symbol open" "symbol shut"
}

# try_abi_rule: checks that the rule sees what breaks programs, and nothing else.
try_abi_rule() {
    local edit wanted found
    while IFS='|' read -r edit wanted; do
        found=$(broken_promises <(abi_example 0) <(abi_example 0 | sed "$edit"))
        [[ $found == "$wanted" ]] || { echo "about '$edit' the rule says '$found', not '$wanted'"; return 1; }
    done <<'CASES'
/shut/d|symbol shut
s/char/void/|function int open (const char *)
s/= 1/= 2/|number ERROR = 1
s/page 8,/page 16,/|size struct page 8, alignment 8
s/options 16,/options 8,/|size struct page_options 16, alignment 8
s/options 16, alignment 8/options 24, alignment 16/|size struct page_options 16, alignment 8
s/options 16,/options 24,/|
$a symbol another
s/so.0/so.1/; /open/d|
CASES
    [[ -n $(broken_promises <(abi_example 1) <(abi_example 1 | sed '/open/d')) ]]
}

# record_abi LIBRARY SIZES HEADERS...: prints the record: the library's symbols, what the program SIZES prints, the
# calls in SIZES.calls, and the numbers of the headers.
record_abi() {
    local library=$1 sizes=$2
    shift 2
    readelf --dynamic "$library" | sed -n 's/.*soname: \[\(.*\)\]/soname \1/p'
    "$sizes"
    grep -ohE 'TEARFREE_[A-Z_]+ = [0-9]+' "$@" | sed 's/^/number /'
    sed -nE 's,^/\* .* \*/ extern (.*[ *]tearfree_[a-z_]+ \(.*\));.*$,function \1,p' "$sizes.calls" | LC_ALL=C sort
    nm --dynamic --defined-only "$library" | awk '{ print "symbol", $3 }' | LC_ALL=C sort
}

# earlier_abi: prints the commits whose record abi.txt must keep: this one, and the one before, where git has them.
earlier_abi() {
    local commit
    for commit in HEAD HEAD~; do
        git cat-file -e "$commit:./abi.txt" 2>/dev/null && echo "$commit"
    done
    true
}
