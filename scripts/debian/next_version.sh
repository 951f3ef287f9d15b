#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Makes the packages of a next version of those in a folder: the same files, but for the library's name, which ends with
# the version.
#
#   scripts/debian/next_version.sh FOLDER VERSION NEXT INTO
set -euo pipefail

folder=$1 version=$2 next=$3 into=$4
mkdir -p "$into"
for package in "$folder"/*.deb; do
    name=$(dpkg-deb --field "$package" Package)
    files=$into/$name
    dpkg-deb --raw-extract "$package" "$files"
    # Its own version, and those of the packages that it needs.
    sed -i "s/${version//./\\.}/$next/g" "$files"/DEBIAN/{control,md5sums}
    for library in "$files"/usr/lib/*/libtearfree.so."$version"; do
        [[ -e $library ]] || continue
        mv "$library" "${library%"$version"}$next"
        ln -sf "libtearfree.so.$next" "${library%".$version"}.0"
    done
    # Nothing is packed: it is unpacked once.
    dpkg-deb --root-owner-group -Znone --build "$files" "$into" >/dev/null
    rm -r "$files"
done
