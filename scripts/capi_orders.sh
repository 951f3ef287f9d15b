#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Checks the accesses, orderings and fences of each C call, and their order: in the program as gcc has it after
# its optimisations, which any machine can show, and in machine code for x86-64, 64-bit and 32-bit Arm.
# CI=true fails where a compiler is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../crates/tearfree-capi"

readonly PARTS=tests/assembly
readonly FLAGS=(-std=c11 -O2 -Iinclude -S -fno-asynchronous-unwind-tables)
# The compilers, the form of their listings (see orders.awk), and their options.
readonly COMPILERS="
gcc                        c11      -fdump-tree-optimized=/dev/stdout
x86_64-linux-gnu-gcc       x86_64
clang                      x86_64   --target=x86_64-linux-gnu
aarch64-linux-gnu-gcc      aarch64  -mno-outline-atomics
clang                      aarch64  --target=aarch64-linux-gnu -mno-outline-atomics -isystem /usr/aarch64-linux-gnu/include
arm-linux-gnueabihf-gcc    arm
clang                      arm      --target=arm-linux-gnueabihf -isystem /usr/arm-linux-gnueabihf/include
"

# Prints the calls that the headers define: macros with arguments, and functions.
defined_calls() {
    sed -nE -e 's/^#define ([a-z_][a-z_]*)\(.*/\1/p' \
        -e '/^static inline/s/.*[ *]([a-z_]+)\(.*/\1/p' include/linux/*.h include/asm/*.h |
        grep -vE '^(tearfree_|seqprop_|likely$|unlikely$|scoped_seqlock_read$)' | sort -u
}

# expected FORM: prints what orders.txt asks for.
expected() {
    awk -v form="$1" -v suffixes="__spinlock __raw_spinlock __rwlock __mutex" \
        -f $PARTS/expected.awk $PARTS/orders.txt | sort
}

# can_compile COMPILER OPTION...: succeeds if the compiler and its C library are installed.
can_compile() {
    command -v "$1" >/dev/null && "$@" -x c -fsyntax-only - <<<"#include <sys/types.h>" 2>/dev/null
}

# found FORM COMPILER OPTION...: prints what the functions of calls.c do.
found() {
    local form=$1 compiler=$2 output=-
    shift 2
    [[ $form != c11 ]] || output=/dev/null
    "$compiler" "${FLAGS[@]}" "$@" -o "$output" $PARTS/calls.c |
        awk -v form="$form" -f $PARTS/orders.awk | sort
}

# Prints the calls of the headers that have no line in orders.txt.
calls_without_a_line() {
    comm -13 <(expected c11 | cut -d : -f 1) <(defined_calls)
}

fail() { echo "FAILED: $*"; exit 1; }

left_out=0
[[ -z $(calls_without_a_line) ]] || fail "no line in orders.txt: $(calls_without_a_line | xargs)"
while read -r compiler form options; do
    [[ -n $compiler ]] || continue
    read -ra options <<<"$options"
    if ! can_compile "$compiler" "${options[@]}"; then
        echo "$form: left out, $compiler for it is not installed"
        left_out=$((left_out + 1))
        continue
    fi
    diff --label orders.txt --label "$compiler, $form" -U 0 \
        <(expected "$form") <(found "$form" "$compiler" "${options[@]}") ||
        fail "$compiler, $form: not as in orders.txt (above)"
    echo "$form: $(expected "$form" | wc -l) functions by $compiler"
done <<<"$COMPILERS"
[[ ${CI:-false} == false ]] || ((left_out == 0)) || fail "$left_out left out"
