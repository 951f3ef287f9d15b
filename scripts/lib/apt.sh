#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Installs packages of Debian, for scripts that source this. One at a time, because checks run side by side.

apt_conf=$(realpath "${BASH_SOURCE[0]%/*}/apt.conf")

# as_root COMMAND...: runs it as root, by sudo if need be.
as_root() {
    if [[ $(id -u) == 0 ]]; then "$@"; else sudo --non-interactive --preserve-env=APT_CONFIG,DEBIAN_FRONTEND "$@"; fi
}

# Whether Debian's packages may be installed: by continuous integration.
may_install() {
    [[ ${CI:-false} != false ]] && command -v apt-get >/dev/null
}

# apt_get ARGUMENT...: one at a time.
apt_get() {
    DEBIAN_FRONTEND=noninteractive APT_CONFIG=$apt_conf as_root flock "$apt_conf" apt-get "$@"
}

# install PACKAGE...: installs them. A new machine has no lists of packages yet, and one with old lists asks for files
# that are gone.
install() {
    apt_get install -y --no-install-recommends "$@" ||
        { apt_get update && apt_get install -y --no-install-recommends "$@"; }
}
