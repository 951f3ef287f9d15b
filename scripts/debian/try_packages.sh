#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Installs packages on a copy of this machine, uses them as a user does, and purges them: nothing may be left.
#
#   scripts/debian/try_packages.sh FOLDER     with the packages, and example.c
set -euo pipefail
# shellcheck source=scripts/lib/copied_machine.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/copied_machine.sh"

if [[ ${1-} != --inside ]]; then
    stage=$(mktemp -d)
    trap 'rm -r "$stage"' EXIT
    unshare --mount --pid --fork --kill-child --net --ipc --propagation private \
        "${BASH_SOURCE[0]}" --inside "$(realpath "$1")" "$stage"
    exit
fi

fail() {
    echo "FAILED: $*"
    exit 1
}

# equal WHAT EXPECTED FOUND
equal() { [[ $2 == "$3" ]] || fail "$1: '$3' instead of '$2'"; }

as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/nonexistent "$@"; }

# left: prints what differs from the machine: files of the copy, but for those that dpkg and the triggers of other packages
# write whenever something is installed.
left() {
    local path
    (cd /changes && find . -mindepth 1 -printf '%P\n') | while read -r path; do
        case $path in
            changes | machine | old | packages | packages/*) ;;
            etc/ld.so.cache* | var/log/* | var/lib/dpkg/* | var/cache/*) ;;
            *) [[ -d /changes/$path && -d /machine/$path ]] || echo "$path" ;;
        esac
    done
    dpkg-query --show | diff /run/packages - || true
}

copy_machine "$3"
mkdir "$root"/{packages,changes,machine}
mount --bind "$3/memory/upper" "$root/changes"
mount --bind -o ro / "$root/machine"
cp "$2"/*.deb "$2"/example.c "$root/packages/"
enter_copy
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
names=$(for package in /packages/*.deb; do dpkg-deb --field "$package" Package; done)
for name in $names; do
    ! dpkg-query --status "$name" >/dev/null 2>&1 || fail "$name is installed on this machine"
done
dpkg-query --show >/run/packages

dpkg --install /packages/*.deb
# shellcheck disable=SC2086 # one word for each
dpkg --verify $names

cd /run
as_nobody tearfree page create room celsius:f64=21.5 >/run/created
equal "the value of a page" 21.5 "$(as_nobody tearfree page get room celsius)"
equal "the date of a test clock" 2038-01-19 \
    "$(as_nobody tearfree clock exec --at 2038-01-19T00:00Z -- /usr/bin/date --utc +%F)"
# shellcheck disable=SC2016 # expanded by that shell
equal "the object that is preloaded" /usr/lib/tearfree/libtearfree_preload.so \
    "$(as_nobody tearfree clock exec -- /bin/sh -c 'echo $LD_PRELOAD')"

equal "the value in Python" 21.5 \
    "$(as_nobody /usr/bin/python3 -c 'import tearfree; print(tearfree.Page("room").read().value["celsius"])')"

# shellcheck disable=SC2046 # one word for each
gcc -Wall -Werror -o example /packages/example.c $(pkg-config --cflags --libs tearfree)
equal "the value in C" 21.5 "$(as_nobody ./example)"
libraries=$(ldd example)
grep -q '=> /lib/.*/libtearfree.so.0 \|=> /usr/lib/.*/libtearfree.so.0 ' <<<"$libraries" ||
    fail "it has another library: $libraries"

for page in tearfree tearfree-clock-serve tearfree-page-get tearfree_page_open tearfree_clock_now; do
    [[ -s $(man --path "$page") ]] || fail "no manual page $page"
done
bash -c 'source /usr/share/bash-completion/completions/tearfree && complete -p tearfree' >/dev/null
equal "what systemd says of the unit" "" "$(systemd-analyze verify tearfree-clock.service 2>&1)"
for link in /etc/systemd/*/*.wants/tearfree*; do
    [[ ! -e $link ]] || fail "a service is enabled: $link"
done

# shellcheck disable=SC2086 # one word for each
dpkg --purge $names
[[ -z $(left) ]] || fail "this is left: $(left)"
echo "packages: installed, used and purged: $(xargs <<<"$names")"
