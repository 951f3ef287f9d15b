#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Gets what the boot test needs from Debian: tools, and a kernel with its headers, which is unpacked into
# the cache and never installed. Sourced by boot-test.
# shellcheck disable=SC2034 # the other steps use what is set here

# Sets for the chosen architecture: MACHINE, QEMU, CROSS.
choose_architecture() {
    case $ARCH in
        amd64) MACHINE=x86_64 QEMU=qemu-system-x86_64 CROSS= ;;
        arm64) MACHINE=aarch64 QEMU=qemu-system-aarch64 CROSS=aarch64-linux-gnu- ;;
        *) fail "no boot test for '$ARCH'; there is one for amd64 and one for arm64" ;;
    esac
}

# By the option, not by CI alone; only as root.
may_install() {
    [[ $INSTALL == yes && $(id -u) == 0 ]] && command -v apt-get >/dev/null
}

# need PATTERN PACKAGE...: requires commands or files with these names. Installs the packages of missing
# ones if it may, else names them.
need() {
    local missing=()
    while [[ $# -gt 0 ]]; do
        command -v "$1" >/dev/null || compgen -G "$1" >/dev/null || missing+=("$2")
        shift 2
    done
    [[ ${#missing[@]} != 0 ]] || return 0
    may_install || lack "these packages are missing: apt-get install ${missing[*]}"
    step "installing ${missing[*]}"
    install "${missing[@]}" >/dev/null ||
        fail "apt-get could not install ${missing[*]}"
}

need_tools() {
    need apt-get apt dpkg-deb dpkg cpio cpio gcc gcc make make objdump binutils \
        "/usr/lib/*/libc.a" libc6-dev "/usr/lib/*/libelf.so.1" libelf1
    case $ARCH in
        amd64) need "$QEMU" qemu-system-x86 ;;
        arm64) need "$QEMU" qemu-system-arm "${CROSS}gcc" gcc-aarch64-linux-gnu ;;
    esac
}

# The compiler that the kernel was built with, by its configuration.
need_compiler() {
    local version
    version=$(sed -n 's/^CONFIG_GCC_VERSION=\([0-9]*\)[0-9]\{4\}$/\1/p' "$HEADERS/.config")
    [[ -n $version ]] || fail "$RELEASE was not built with gcc"
    need "${CROSS}gcc-$version" "gcc-$version${CROSS:+-aarch64-linux-gnu}"
}

# Updates the package lists if they have no kernel for the architecture.
know_kernels() {
    local LINE
    for LINE in "$@"; do
        [[ -z $(newest_image || true) ]] || return 0
    done
    may_install || return 0
    step "apt-get update"
    [[ $ARCH == "$(dpkg --print-architecture)" ]] || dpkg --add-architecture "$ARCH"
    apt_get update -qq
}

# The newest image of the line in the package lists: linux-image-6.1.0-56-cloud-amd64.
newest_image() {
    local of_the_line="^linux-image-${LINE//./\\.}\.[0-9]+(-[0-9]+|\+deb[0-9]+)-cloud-$ARCH$"
    apt-cache pkgnames "linux-image-$LINE." | grep -E -- "$of_the_line" | sort -V | tail -n 1
}

# Finds the kernel's packages, and sets RELEASE, ROOT, HEADERS and BUSYBOX once they are unpacked.
need_kernel() {
    local image
    image=$(newest_image || true)
    [[ -n $image ]] || lack "no package linux-image-$LINE.*-cloud-$ARCH is known here: \
dpkg --add-architecture $ARCH, deb lines with -security and -backports, apt-get update"
    RELEASE=${image#linux-image-}
    ROOT=$CACHE/$RELEASE
    HEADERS=$ROOT/usr/src/linux-headers-$RELEASE
    BUSYBOX=$ROOT/bin/busybox
    [[ -e $ROOT/.complete ]] || unpack_kernel "$image"
}

# The packages below the kernel's headers. Their tools have to run on this machine, whatever
# machine the kernel is for.
header_packages() {
    apt-cache depends "linux-headers-$RELEASE:$ARCH" |
        sed -nE 's/^ *Depends: <?(linux-(headers|kbuild)-[^ :>]*).*/\1/p' | sort -u
}

# The lists may name a version that is gone by now.
download() { # PACKAGE FOLDER
    (cd "$2" && apt-get -qq download "$1") >/dev/null 2>&1 && return
    may_install && apt_get update -qq && (cd "$2" && apt-get -qq download "$1") >/dev/null 2>&1
}

unpack_kernel() { # IMAGE
    local packages package debs=$ROOT/debs
    step "fetching and unpacking $RELEASE"
    rm -rf "$ROOT"
    mkdir -p "$debs"
    mapfile -t packages < <(header_packages)
    packages+=("linux-headers-$RELEASE:$ARCH" "busybox-static:$ARCH" "$1:$ARCH")
    for package in "${packages[@]}"; do
        download "$package" "$debs" || lack "apt-get download $package does not work here"
    done
    for package in "$debs"/*.deb; do
        case $package in
            */linux-image-*)
                dpkg-deb --fsys-tarfile "$package" |
                    tar -x -C "$ROOT" --wildcards './boot/vmlinuz-*'
                ;;
            *) dpkg-deb -x "$package" "$ROOT" ;;
        esac
    done
    # The one absolute path in them.
    sed -i "s#^include /usr/src#include $ROOT/usr/src#" "$HEADERS/Makefile"
    rm -r "$debs"
    : >"$ROOT/.complete"
}
