#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Checks the machine code of the C readers and writers: the same as hand-written kernel code, and as recorded.
#
#   scripts/capi_assembly.sh            each installed compiler
#   BLESS=1 scripts/capi_assembly.sh    rewrites the listings; review the difference
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../crates/tearfree-capi"

readonly FLAGS=(-std=c11 -O2 -Iinclude -S -o - -fno-asynchronous-unwind-tables)
readonly SOURCE=tests/assembly/readers.c

# Prints the compilers, and the names of their listings.
compilers() {
    case $(uname -m) in
        x86_64) printf '%s\n' "gcc x86_64-gcc" "clang x86_64-clang" ;;
        aarch64) echo "gcc aarch64-gcc" ;;
    esac
    [[ $(uname -m) == aarch64 ]] || echo "aarch64-linux-gnu-gcc aarch64-gcc"
}

# Prints the functions without directives and comments, with every label named L.
instructions() {
    sed -E 's/[[:space:]]*(#|\/\/).*$//; s/\.L[A-Za-z0-9_]+/L/g' |
        awk '/^[a-z_]+:/ { inside = 1 } inside && !/^[[:space:]]*(\.|L:|$)/'
}

# body NAME: prints the instructions of one function.
body() { awk -v name="$1:" '/^[a-z_]+:/ { inside = ($1 == name); next } inside'; }

# Prints the sorted effects of a function: loads, stores, fences, comparisons, conditional jumps, calls.
# Registers and addressing modes are left to the compiler.
effects() {
    awk '
        /^[[:space:]]*(push|pop|lea|sub|stp|ldp)/ { next }
        $1 ~ /^j[a-z]+$/ && $1 != "jmp" || $1 ~ /^b\.?(eq|ne)$/ { print "branch"; next }
        $1 ~ /^(call|callq|bl)$/ { print "call", $2; next }
        $1 ~ /^(cmp|test|tb)/ { print "compare"; next }
        $1 ~ /^(dmb|mfence|lfence|sfence|lock)/ { print $1, $2; next }
        /\(%|\[/ { print $1, (/,[^(]*\(%[a-z0-9,%]*\)$/ ? "to memory" : "memory") }
    ' | sort
}

# compare COMPILER NAME: compares the code of one compiler.
compare() {
    local compiler=$1 name=$2 listing fast pair ours version
    fast=$("$compiler" -DFAST_PATH_ONLY "${FLAGS[@]}" "$SOURCE" | instructions)
    for pair in read read_latch; do
        ours=$(body "ours_$pair" <<<"$fast" | effects)
        [[ $(wc -l <<<"$ours") -ge 8 ]] || { echo "$name: ours_$pair not found in the listing"; return 1; }
        diff <(echo "$ours") <(body "hand_$pair" <<<"$fast" | effects) || {
            echo "$name: ours_$pair has other effects than hand_$pair"
            return 1
        }
    done
    if grep -E '^[[:space:]]*(lock|xchg|mfence|dmb[[:space:]]+sy)' <<<"$fast"; then
        echo "$name: a locked instruction or a full fence"
        return 1
    fi
    version=$("$compiler" --version | head -n 1)
    listing=$("$compiler" "${FLAGS[@]}" "$SOURCE" | instructions | awk '/^hand/ { exit } 1')
    listing="# $version"$'\n'$listing
    [[ -z ${BLESS-} ]] || echo "$listing" >"assembly/$name.s"
    if [[ $(head -n 1 "assembly/$name.s") != "# $version" ]]; then
        echo "$name: the recorded listing is of another compiler; only the rules were checked"
    else
        diff -u "assembly/$name.s" <(echo "$listing")
        echo "$name: as recorded"
    fi
}

mkdir -p assembly
while read -r compiler name; do
    if command -v "$compiler" >/dev/null; then
        compare "$compiler" "$name"
    else
        echo "$name: left out, $compiler is not installed"
    fi
done < <(compilers)
