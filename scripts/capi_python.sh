#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Builds the Python wheel, installs it into a temporary environment, and tests it with pages and clocks of Rust.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export CARGO_TARGET_DIR
readonly STAGE=$CARGO_TARGET_DIR/capi-python
readonly ENVIRONMENT=$STAGE/environment

# Created once, because its packages are downloaded.
[[ -x $ENVIRONMENT/bin/pip ]] || python3 -m venv "$ENVIRONMENT"
"$ENVIRONMENT/bin/pip" install --quiet 'setuptools>=77' wheel
"$ENVIRONMENT/bin/pip" install --quiet numpy || echo "cannot install numpy: its tests are left out"

rm -rf "$STAGE/wheels"
"$ENVIRONMENT/bin/pip" wheel --quiet --no-deps --no-build-isolation --wheel-dir "$STAGE/wheels" \
    crates/tearfree-capi/python
# Files that setuptools leaves in the source tree.
rm -rf crates/tearfree-capi/python/{build,tearfree.egg-info}
ls "$STAGE/wheels"
"$ENVIRONMENT/bin/pip" install --quiet --force-reinstall --no-index --no-deps "$STAGE"/wheels/*.whl

cargo build --quiet --package tearfree-cli
cargo build --quiet --package tearfree-capi-interop --example write_page
"$ENVIRONMENT/bin/python" crates/tearfree-capi/python/tests/test_pages.py \
    "$CARGO_TARGET_DIR/debug/tearfree" "$CARGO_TARGET_DIR/debug/examples/write_page"
"$ENVIRONMENT/bin/python" crates/tearfree-capi/python/tests/test_clock.py \
    "$CARGO_TARGET_DIR/debug/tearfree"
