#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Builds the Python wheel, installs it into a scratch environment, and reads pages and clocks beside Rust.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export CARGO_TARGET_DIR
readonly STAGE=$CARGO_TARGET_DIR/capi-python
readonly ENVIRONMENT=$STAGE/environment

# Made once: what is installed into it is fetched from the package index.
[[ -x $ENVIRONMENT/bin/pip ]] || python3 -m venv "$ENVIRONMENT"
"$ENVIRONMENT/bin/pip" install --quiet 'setuptools>=77' wheel
"$ENVIRONMENT/bin/pip" install --quiet numpy || echo "no numpy to be had: its tests are left out"

rm -rf "$STAGE/wheels"
"$ENVIRONMENT/bin/pip" wheel --quiet --no-deps --no-build-isolation --wheel-dir "$STAGE/wheels" \
    crates/tearfree-capi/python
# What setuptools leaves in the tree.
rm -rf crates/tearfree-capi/python/{build,tearfree.egg-info}
ls "$STAGE/wheels"
"$ENVIRONMENT/bin/pip" install --quiet --force-reinstall --no-index --no-deps "$STAGE"/wheels/*.whl

cargo build --quiet --package tearfree-cli
cargo build --quiet --package tearfree-capi-interop --example write_page
"$ENVIRONMENT/bin/python" crates/tearfree-capi/python/tests/test_pages.py \
    "$CARGO_TARGET_DIR/debug/tearfree" "$CARGO_TARGET_DIR/debug/examples/write_page"
"$ENVIRONMENT/bin/python" crates/tearfree-capi/python/tests/test_clock.py \
    "$CARGO_TARGET_DIR/debug/tearfree"
