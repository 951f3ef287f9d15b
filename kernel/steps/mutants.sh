#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
test_mutants() { fail later; }
build_command() { :; }
