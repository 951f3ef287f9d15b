#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What the boot test needs from Debian: tools of this machine, and a kernel with its headers, which
# is unpacked into the cache and never installed. Sourced by boot-test.
# shellcheck disable=SC2034 # the other steps use what is set here

# Sets for the chosen architecture: QEMU CROSS GCC LIBRARY_PACKAGES and the tools that are needed.
choose_architecture() {
    case $ARCH in
        amd64)
            MACHINE=x86_64 QEMU=qemu-system-x86_64 CROSS=
            TOOLS=("qemu-system-x86_64 qemu-system-x86" "gcc-12 gcc-12")
            ;;
        arm64)
            MACHINE=aarch64 QEMU=qemu-system-aarch64 CROSS=aarch64-linux-gnu-
            TOOLS=("qemu-system-aarch64 qemu-system-arm"
                "aarch64-linux-gnu-gcc-12 gcc-12-aarch64-linux-gnu"
                "aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu")
            ;;
        *) fail "no boot test for '$ARCH'; there is one for amd64 and one for arm64" ;;
    esac
    TOOLS+=("gcc gcc" "make make" "objdump binutils" "cpio cpio" "dpkg-deb dpkg" "apt-get apt")
}

may_install() {
    [[ $INSTALL == yes && $(id -u) == 0 ]] && command -v apt-get >/dev/null
}

# Makes sure of the tools: installs what is missing where it may, else names it.
need_tools() {
    local pair tool package missing=()
    for pair in "${TOOLS[@]}"; do
        read -r tool package <<<"$pair"
        command -v "$tool" >/dev/null || missing+=("$package")
    done
    [[ ${#missing[@]} != 0 ]] || return 0
    may_install || lack "these packages are missing: apt-get install ${missing[*]}"
    step "installing ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null ||
        fail "apt-get could not install ${missing[*]}"
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
    if [[ -z $image ]] && may_install; then
        [[ $ARCH == "$(dpkg --print-architecture)" ]] || dpkg --add-architecture "$ARCH"
        apt-get update -qq
        image=$(newest_image || true)
    fi
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

unpack_kernel() { # IMAGE
    local packages package debs=$ROOT/debs
    step "fetching and unpacking $RELEASE"
    rm -rf "$ROOT"
    mkdir -p "$debs"
    mapfile -t packages < <(header_packages)
    packages+=("linux-headers-$RELEASE:$ARCH" "busybox-static:$ARCH" "$1:$ARCH")
    for package in "${packages[@]}"; do
        (cd "$debs" && apt-get -qq download "$package") >/dev/null 2>&1 ||
            lack "apt-get download $package does not work here"
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
