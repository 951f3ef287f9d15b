#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Installs the C library into a temporary prefix, and tests it there.
#
#   scripts/capi.sh                         all tests
#   BLESS=1 scripts/capi.sh                 adds to abi.txt; review the difference before you commit it. What is gone or
#                                           changed is refused, unless the soname is another one
#
# With a debug build that is not installed, in seconds:
#
#   scripts/capi.sh --debug calls TEST...   only these tests of calls
#   scripts/capi.sh --debug thread TEST...  the same with ThreadSanitizer
#   scripts/capi.sh --debug contended       what the headers do when they have to wait
#   scripts/capi.sh --debug inline          what the inline reader of pages accepts
#   scripts/capi.sh --debug cpp             the tests of <tearfree.hpp>
#   scripts/capi.sh --debug abi             the comparison with abi.txt
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../crates/tearfree-capi"
# shellcheck source=scripts/lib/abi.sh
source ../../scripts/lib/abi.sh

CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-../../target}")
export CARGO_TARGET_DIR
readonly STAGE=$CARGO_TARGET_DIR/capi
readonly PREFIX=$STAGE/prefix BUILD=$STAGE/build
readonly WARNINGS=(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
# Compilers and standards; those that a compiler does not know are left out.
readonly DIALECTS=("cc c11" "cc c17" "cc c2x" "cc c23" "clang c11" "clang c17" "clang c2x" "clang c23"
    "c++ c++17" "c++ c++20" "c++ c++23" "c++ c++26"
    "clang++ c++17" "clang++ c++20" "clang++ c++2b" "clang++ c++26")
# Sanitizers need frame pointers.
readonly SANITIZED=(-g -O1 -fno-omit-frame-pointer)
readonly THREAD=("${SANITIZED[@]}" -fsanitize=thread)
PROCESSORS=$(nproc)

say() { echo "== $*"; }
fail() { echo "capi: FAILED: $*" >&2; exit 1; }

install_library() {
    say "installation"
    rm -rf "$STAGE"
    mkdir -p "$BUILD"
    make --silent install PREFIX="$PREFIX"
    # As for a package: the same files below another root.
    make --silent install PREFIX=/usr DESTDIR="$STAGE/stage"
    diff <(cd "$PREFIX" && find . | sort) <(cd "$STAGE/stage/usr" && find . | sort)
    grep -q '^prefix=/usr$' "$STAGE/stage/usr/lib/pkgconfig/tearfree.pc"
    make --silent uninstall PREFIX=/usr DESTDIR="$STAGE/stage"
    [[ -z $(find "$STAGE/stage" ! -type d) ]] || fail "make uninstall leaves files"
    export PKG_CONFIG_PATH=$PREFIX/lib/pkgconfig LD_LIBRARY_PATH=$PREFIX/lib
    LIBRARY=$PREFIX/lib/libtearfree.so
    read -ra CFLAGS <<<"$(pkg-config --cflags tearfree)"
    read -ra LIBS <<<"$(pkg-config --libs tearfree)"
    read -ra BELOW <<<"$(pkg-config --libs-only-l --static tearfree | sed 's/-ltearfree//')"
}

# Takes the headers from the source and the library from a debug build, in place of an installation.
use_debug_build() {
    cargo build --quiet --package tearfree-capi --lib
    mkdir -p "$BUILD"
    CFLAGS=(-Iinclude)
    LIBRARY=$CARGO_TARGET_DIR/debug/libtearfree_capi.so
    LIBS=("${LIBRARY%.so}.a")
    read -ra BELOW <<<"$(sed -n 's/^Libs.private: //p' tearfree.pc.in)"
}

# at_once FUNCTION: runs it with the words of each line as arguments, one line for each processor at a time.
at_once() {
    local words running=0 status=0
    while read -ra words; do
        if ((running == PROCESSORS)); then
            wait -n || status=1
            running=$((running - 1))
        fi
        "$1" "${words[@]}" </dev/null &
        running=$((running + 1))
    done
    for ((; running > 0; running--)); do wait -n || status=1; done
    return "$status"
}

# language COMPILER: prints its language.
language() { [[ $1 == *++ ]] && echo c++ || echo c; }

# known COMPILER STANDARD: succeeds if the compiler supports it.
known() { "$1" -x "$(language "$1")" -std="$2" -fsyntax-only /dev/null 2>/dev/null; }

# alone COMPILER STANDARD HEADER: compiles a header alone.
alone() {
    printf '#include <%s>\nextern int unit_is_not_empty;\n' "$3" |
        "$1" -x "$(language "$1")" -std="$2" "${CFLAGS[@]}" "${WARNINGS[@]}" -fsyntax-only -
}

# compile_dialect COMPILER STANDARD: compiles the headers and tests in one dialect, if the compiler knows it.
compile_dialect() {
    local compiler=$1 standard=$2
    known "$compiler" "$standard" || return 0
    alone "$compiler" "$standard" linux/seqlock.h
    "$compiler" -x "$(language "$compiler")" -std="$standard" "${CFLAGS[@]}" "${WARNINGS[@]}" \
        -fsyntax-only tests/c/*.c
    if [[ $(language "$compiler") == c++ ]]; then
        "$compiler" -std="$standard" "${CFLAGS[@]}" "${WARNINGS[@]}" -fsyntax-only tests/cpp/*.cpp
    fi
    echo "$compiler -std=$standard"
}

compile_headers() {
    local header
    say "each header alone"
    for header in $(cd include && find . -name '*.h' -printf '%P\n' | sort); do
        alone cc c11 "$header"
        alone clang++ c++17 "$header"
    done
    for header in $(cd include && find . -name '*.hpp' -printf '%P\n' | sort); do
        alone c++ c++17 "$header"
        alone clang++ c++17 "$header"
    done
    say "headers and tests in each dialect"
    printf '%s\n' "${DIALECTS[@]}" | at_once compile_dialect
}

# Compiles each C program of the README, and the one in C++.
compile_readme() {
    local number
    say "programs of the README"
    awk -v out="$BUILD/readme" '/^```c$/ { inside = 1; n++; next } /^```/ { inside = 0 }
        inside { print >(out n ".c") }' README.md
    for number in "$BUILD"/readme*.c; do
        cc -std=c11 "${CFLAGS[@]}" -Wall -Wextra -Wpedantic -Werror -fsyntax-only "$number"
    done
    awk '/^```cpp$/ { inside = 1; next } /^```/ { inside = 0 } inside' README.md >"$BUILD/readme.cpp"
    c++ -std=c++17 "${CFLAGS[@]}" "${WARNINGS[@]}" -fsyntax-only "$BUILD/readme.cpp"
}

# build_calls NAME COMPILER FLAGS...: builds the tests of all calls.
build_calls() {
    local name=$1 compiler=$2
    shift 2
    say "calls: $name"
    "$compiler" -x "$(language "$compiler")" "${CFLAGS[@]}" "${WARNINGS[@]}" "$@" tests/c/*.c \
        -x none -o "$BUILD/calls-$name" "${LINK[@]}" -lpthread
}

run_calls() {
    local LINK=("${LIBS[@]}") name
    local thread=${THREAD[*]} address="${SANITIZED[*]} -fsanitize=address,undefined -fno-sanitize-recover=all"
    at_once build_calls <<BUILDS
c-shared cc -std=c11 -O2
clang-shared clang -std=c17 -O0
c++-shared c++ -std=c++17 -O2
BUILDS
    LINK=("$PREFIX/lib/libtearfree.a" "${BELOW[@]}")
    at_once build_calls <<BUILDS
clang++-static clang++ -std=c++20 -O3
c-thread cc -std=c11 $thread
clang-thread clang -std=c11 $thread
c-address cc -std=c11 $address
clang-address clang -std=c11 $address
BUILDS
    for name in {c,clang,c++}-shared clang++-static {c,clang}-{thread,address}; do
        say "calls: $name, run"
        "$BUILD/calls-$name"
    done
}

# The waits of the headers, without the library.
run_contended() {
    say "contended"
    cc -std=c11 -O2 "${CFLAGS[@]}" "${WARNINGS[@]}" tests/contended.c -o "$BUILD/contended"
    "$BUILD/contended"
}

# inline COMPILER FLAGS...: the inline reader of pages, without the library.
inline() {
    "$@" "${CFLAGS[@]}" "${WARNINGS[@]}" tests/inline.c -o "$BUILD/inline"
    "$BUILD/inline"
}

run_inline() {
    local compiler
    say "inline"
    for compiler in cc clang; do
        inline "$compiler" -std=c11 -O1
        inline "$compiler" -std=c11 -O3
        inline "$compiler" -std=c11 "${SANITIZED[@]}" -fsanitize=address,undefined -fno-sanitize-recover=all
    done
}

# cpp NAME COMPILER FLAGS...: builds and runs the tests of <tearfree.hpp>.
cpp() {
    local name=$1 compiler=$2 pages
    shift 2
    say "tearfree.hpp: $name"
    "$compiler" -std=c++17 "${CFLAGS[@]}" "${WARNINGS[@]}" "$@" tests/cpp/pages.cpp \
        -o "$BUILD/pages-$name" "${LINK[@]}" -lpthread
    pages=$(mktemp -d)
    "$BUILD/pages-$name" "$pages"
    rm -r "$pages"
}

# refuse TEXT PROGRAM: checks that a program does not compile, with this text.
refuse() {
    if printf '#include <tearfree.hpp>\n%s\n' "$2" | c++ -x c++ -std=c++17 "${CFLAGS[@]}" -fsyntax-only - \
        2>"$BUILD/refused.log"; then
        fail "this compiles: $2"
    fi
    grep -qF "$1" "$BUILD/refused.log" || fail "see $BUILD/refused.log"
}

# Types that are not a page's do not compile.
refuse_types() {
    local use='tearfree::page<t> page("x"); tearfree::writer<t> writer("x", t{});'
    say "tearfree.hpp: types that no page can hold"
    refuse "has another size" "struct t { char a; long b; }; TEARFREE_SCHEMA(t, \"a:i8 b:i64\"); $use"
    refuse "trivially copyable" "struct t { std::string a; }; TEARFREE_SCHEMA(t, \"a:u8[32]\"); $use"
    refuse "declare the schema" "struct t { long b; }; $use"
}

run_cpp() {
    local LINK=("${LIBS[@]}")
    cpp c++ c++ -O2
    cpp clang++ clang++ -O2
    cpp address c++ "${SANITIZED[@]}" "-fsanitize=address,undefined" -fno-sanitize-recover=all
    # ThreadSanitizer sees memory that threads of the library free, and not the library's locks.
    echo "called_from_lib:libtearfree.so" >"$BUILD/library.supp"
    TSAN_OPTIONS=suppressions=$BUILD/library.supp cpp thread clang++ "${THREAD[@]}"
}

# Checks that ThreadSanitizer finds a race where there is one.
find_race() {
    local compiler
    say "ThreadSanitizer finds a plain access"
    for compiler in cc clang; do
        "$compiler" -std=c11 -g -O1 -fsanitize=thread "${CFLAGS[@]}" tests/unprotected.c \
            -o "$BUILD/unprotected" "${LIBS[@]}" -lpthread
        if "$BUILD/unprotected" 2>"$BUILD/unprotected.log"; then
            fail "ThreadSanitizer of $compiler does not find a data race"
        fi
        grep -q 'data race' "$BUILD/unprotected.log"
    done
}

# Checks that every call in KERNEL.md of the core crate has a test with its name.
compare_names() {
    local call
    say "every call has a test"
    "$BUILD/calls-c-shared" --list | sort >"$BUILD/tests"
    awk -F'[|` ]+' '/^\|.*\|.*\|.*\|.*::.*\|$/ { print $2 }' ../tearfree/KERNEL.md | sort >"$BUILD/calls"
    (($(wc -l <"$BUILD/calls") > 70)) || fail "no table of calls found in KERNEL.md"
    comm -13 "$BUILD/tests" "$BUILD/calls" >"$BUILD/untested"
    [[ ! -s $BUILD/untested ]] || fail "calls without a test: $(xargs <"$BUILD/untested")"
    while read -r call; do
        (($(cat tests/c/*.c | grep -cw -- "$call") > 1)) || fail "no test uses $call"
    done <"$BUILD/calls"
    echo "$(wc -l <"$BUILD/calls") calls"
}

# keep_promises RECORD NEW: fails if NEW lacks what the record promises.
keep_promises() {
    local broken
    broken=$(broken_promises "$1" "$2")
    [[ -z $broken ]] || fail "gone or changed, under the same soname:"$'\n'"$broken"$'\n'"$ABI_ADVICE"
}

# Compares the ABI with the recorded one, and that with earlier ones.
compare_abi() {
    local commit
    say "ABI"
    try_abi_rule || fail "see scripts/lib/abi.sh"
    # gcc writes a prototype for each call, without the names of the parameters.
    gcc -std=c11 "${CFLAGS[@]}" tests/abi.c -o "$BUILD/abi" -aux-info "$BUILD/abi.calls"
    record_abi "$LIBRARY" "$BUILD/abi" include/tearfree.h include/tearfree/*.h >"$BUILD/abi.txt"
    for commit in $(earlier_abi); do
        git show "$commit:./abi.txt" >"$BUILD/earlier.txt"
        keep_promises "$BUILD/earlier.txt" "$BUILD/abi.txt"
    done
    keep_promises abi.txt "$BUILD/abi.txt"
    [[ -z ${BLESS-} ]] || cp "$BUILD/abi.txt" abi.txt
    diff -u abi.txt "$BUILD/abi.txt" || fail "the ABI has changed; if this is intended: BLESS=1 scripts/capi.sh"
    echo "$(wc -l <abi.txt) lines as recorded"
}

# values FILE PREFIX: prints the numbers of a reader, and checks that they grow.
values() {
    local numbers
    numbers=$(sed -n "s/^$2\([0-9]*\)$/\1/p" "$1")
    echo "$2$(xargs <<<"$numbers")"
    [[ $(wc -l <<<"$numbers") -ge 3 && $(tail -n 1 <<<"$numbers") -ge 2 ]] &&
        sort --check --numeric-sort <<<"$numbers"
}

# run_quotes PROGRAM: has the program write a page, and read it in another process.
run_quotes() {
    local pages writer
    pages=$(mktemp -d)
    "$1" write "$pages/quotes" &
    writer=$!
    until "$1" read "$pages/quotes" >"$BUILD/quotes.txt" 2>"$BUILD/quotes.log"; do
        kill -0 "$writer" || fail "the writer has ended; see $BUILD/quotes.log"
        sleep 0.01
    done
    wait "$writer"
    rm -r "$pages"
    grep -qx '20: 15 for 80' "$BUILD/quotes.txt" || fail "see $BUILD/quotes.txt"
}

run_examples() {
    local examples=$STAGE/examples first second
    say "examples, with make"
    cp -r examples/c "$examples"
    make --silent -C "$examples" CFLAGS="-O2 -Wall -Wextra -Werror"
    "$examples/seqlock_module" 4 >"$BUILD/first.txt" &
    first=$!
    "$examples/driver" 4 >"$BUILD/second.txt" &
    second=$!
    "$examples/timekeeping" | tee "$BUILD/timekeeping.txt"
    "$examples/cplusplus"
    wait "$first"
    wait "$second"
    grep -q ' 0 torn$' "$BUILD/timekeeping.txt"
    grep -qx 'module seqlock init fun' "$BUILD/first.txt"
    grep -qx 'module seqlock exit function' "$BUILD/first.txt"
    values "$BUILD/first.txt" 'read values : '
    grep -qx 'Device Driver Insert...Done!!!' "$BUILD/second.txt"
    values "$BUILD/second.txt" 'In EmbeTronicX Thread Function2 : Read value '
    run_quotes "$examples/quotes"

    say "examples, with CMake"
    cmake -S "$examples" -B "$BUILD/cmake" >"$BUILD/cmake.log" || fail "see $BUILD/cmake.log"
    cmake --build "$BUILD/cmake" >>"$BUILD/cmake.log" || fail "see $BUILD/cmake.log"
    "$BUILD/cmake/cplusplus"

    say "comparison of readers, one round"
    cc -std=c11 -O2 "${CFLAGS[@]}" "${WARNINGS[@]}" bench/read_page.c -o "$BUILD/read_page" "${LIBS[@]}"
    "$BUILD/read_page" 1
}

# debug_build WHAT TEST...: only these tests, as said above.
debug_build() {
    local what=$1 LINK
    shift
    use_debug_build
    LINK=("${LIBS[@]}" "${BELOW[@]}")
    case $what in
        calls) build_calls debug cc -std=c11 -O2 ;;
        thread) build_calls debug cc -std=c11 "${THREAD[@]}" ;;
        contended) run_contended ;;
        inline) inline cc -std=c11 -O2 ;;
        cpp) refuse_types && cpp debug c++ -O1 ;;
        abi) compare_abi ;;
        *) fail "unknown part: $what" ;;
    esac
    [[ ! $what =~ ^(calls|thread)$ ]] || "$BUILD/calls-debug" "$@"
}

if [[ ${1-} == --debug ]]; then
    debug_build "${@:2}"
    exit
fi
install_library
compile_headers
compile_readme
run_calls
run_contended
run_inline
run_cpp
refuse_types
find_race
compare_names
compare_abi
run_examples
