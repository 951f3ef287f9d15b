#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Installs the C library into a directory with a blank in its name, moves it, and builds programs with pkg-config and
# CMake, shared and static. Programs of the headers alone are built with musl-gcc, too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../crates/tearfree-capi"

CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-../../target}")
export CARGO_TARGET_DIR
readonly STAGE=$CARGO_TARGET_DIR/capi-install
readonly FIRST="$STAGE/a prefix" MOVED="$STAGE/another place/prefix"
readonly PROGRAM=tests/install/program.c

say() { echo "== $*"; }
fail() { echo "capi_install: FAILED: $*" >&2; exit 1; }

# What belongs to others in the same directories stays.
uninstall_exactly() {
    local others=(lib/libtearfree.so.9 include/tearfree/linux/other.h lib/cmake/other.cmake) other
    say "uninstall"
    make --silent install PREFIX="$FIRST"
    for other in "${others[@]}"; do touch "$FIRST/$other"; done
    make --silent uninstall PREFIX="$FIRST"
    diff <(printf '%s\n' "${others[@]}" | sort) <(cd "$FIRST" && find . ! -type d -printf '%P\n' | sort) ||
        fail "make uninstall leaves (>) or removes (<) these files"
    rm -r "$FIRST"
    make --silent install PREFIX="$FIRST"
    make --silent uninstall PREFIX="$FIRST"
    [[ -z $(find "$FIRST" -name '*tearfree*') ]] || fail "make uninstall leaves $(find "$FIRST" -name '*tearfree*')"
}

install_and_move() {
    say "installation, moved"
    rm -rf "$STAGE"
    uninstall_exactly
    make --silent install PREFIX="$FIRST"
    PKG_CONFIG_PATH="$FIRST/lib/pkgconfig" pkg-config --cflags tearfree | grep -qxF -- "-I${FIRST// /\\ }/include/tearfree " ||
        fail "tearfree.pc does not escape the blank of its prefix"
    mkdir -p "$(dirname "$MOVED")"
    mv "$FIRST" "$MOVED"
    export PKG_CONFIG_PATH="$MOVED/lib/pkgconfig" LD_LIBRARY_PATH="$MOVED/lib"
}

# build FLAGS COMPILER OPTION...: builds and runs the program with these flags of pkg-config.
build() {
    local flags=$1 compiler=$2 language=c options
    shift 2
    [[ $compiler != *++ ]] || language=c++
    say "pkg-config $flags, $compiler $*"
    options=$(eval "pkg-config --define-prefix $flags tearfree")
    # pkg-config escapes blanks for the shell.
    eval "$compiler $* -x $language '$PROGRAM' -x none -o '$STAGE/program' $options"
    "$STAGE/program"
}

use_pkg_config() {
    build "--cflags --libs" cc -O2
    build "--cflags --libs" c++ -O2
    build "--cflags --libs --static" cc -O2
    build "--cflags --libs --static" cc -O2 -static
    build "--cflags --libs --static" clang -O2 -static
    build "--cflags --libs --static" c++ -O2 -static
    ! readelf --dynamic "$STAGE/program" | grep NEEDED || fail "the static program needs libraries"
}

# The libraries of tearfree.pc and of CMake's file are those that the compiler of Rust names. It also names libc and
# libgcc, which each C compiler adds in the form that the program needs.
compare_libraries() {
    local named written
    say "libraries below the static one"
    named=$(rustc --crate-type staticlib --print native-static-libs -o "$STAGE/empty.a" - <<<"" 2>&1 |
        sed -n 's/.*native-static-libs: //p' | xargs -n 1 | grep -vxE -- '-l(gcc_s|c)' | sort -u)
    written=$(sed -n 's/^Libs.private: //p' tearfree.pc.in | xargs -n 1 | sort)
    diff <(echo "$named") <(echo "$written") || fail "tearfree.pc.in names other libraries (>) than rustc (<)"
    written=$(sed -n 's/.*INTERFACE_LINK_LIBRARIES "\(.*\)")/\1/p' cmake/tearfree-config.cmake.in | tr ';' '\n' | sort)
    diff <(echo "${named//-l/}") <(echo "$written") || fail "tearfree-config.cmake.in names other libraries (>) than rustc (<)"
}

use_cmake() {
    local program
    say "CMake"
    cmake -S tests/install -B "$STAGE/cmake" -DCMAKE_PREFIX_PATH="$MOVED" >"$STAGE/cmake.log" 2>&1 ||
        fail "see $STAGE/cmake.log"
    cmake --build "$STAGE/cmake" >>"$STAGE/cmake.log" 2>&1 || fail "see $STAGE/cmake.log"
    for program in shared static shared_cpp static_cpp; do "$STAGE/cmake/$program"; done
    grep -q 'NEEDED.*\[libtearfree\.so\.0\]' <<<"$(readelf --dynamic "$STAGE/cmake/shared")" ||
        fail "the program does not need the library by its soname"
    ! readelf --dynamic "$STAGE/cmake/static" | grep 'NEEDED.*tearfree' || fail "the static target needs libtearfree.so"
    if cmake -S tests/install -B "$STAGE/refused" -DCMAKE_PREFIX_PATH="$MOVED" -DWANTED=0.0.9 >"$STAGE/refused.log" 2>&1; then
        fail "CMake takes the library for version 0.0"
    fi
}

# The library is for glibc. What the headers do without it holds for musl, which has no headers of the kernel.
use_musl() {
    local program
    say "musl: headers alone"
    for program in contended inline; do
        musl-gcc -std=c11 -O2 -static -I"$MOVED/include/tearfree" -idirafter /usr/include \
            -idirafter "/usr/include/$(cc -print-multiarch)" tests/$program.c -o "$STAGE/$program"
        "$STAGE/$program"
    done
}

# Names of the library that are not its own would clash with those of programs.
compare_exports() {
    local symbol
    say "exported names"
    while read -r symbol; do
        [[ $symbol == tearfree_* ]] || grep -qrE "\b$symbol\(" include || fail "no header declares $symbol, which is exported"
    done < <(nm --dynamic --defined-only "$MOVED/lib/libtearfree.so" | awk '{ print $3 }')
}

install_and_move
use_pkg_config
compare_libraries
use_cmake
use_musl
compare_exports
