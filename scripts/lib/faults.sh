#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Counts what is wrong, for scripts that go on to the end. Scripts source this.

faults=0

# fault WHAT: prints it and counts it.
fault() {
    echo "$*"
    faults=$((faults + 1))
}
