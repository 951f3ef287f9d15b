#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Boots systemd on a copy of this machine's files, in namespaces of its own, and runs a script there.
#
#   scripts/services/boot.sh FOLDER SCRIPT
#
# FOLDER has what is to be installed, as below /; its units are the only ones that systemd sees. SCRIPT is run by systemd,
# as root; its output and exit status are those of this script. Nothing on the machine changes: the copy is an overlay in
# memory, the kernel's settings are read-only, and there is no network.
set -euo pipefail
# shellcheck source=scripts/lib/copied_machine.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/copied_machine.sh"

if [[ ${1-} != --inside ]]; then
    stage=$(mktemp -d)
    # Its processes are in a control group, which the namespace makes the root of all.
    group=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)/tearfree-services-$$
    mkdir "$group"
    trap 'cat "$stage/output"; rm -r "$stage"; find "$group" -depth -type d -exec rmdir {} +' EXIT
    touch "$stage/output"
    # shellcheck disable=SC2016 # expanded by that shell
    bash -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' - "$group" \
        unshare --mount --pid --fork --kill-child --ipc --uts --net --cgroup --propagation private \
        "${BASH_SOURCE[0]}" --inside "$(realpath "$1")" "$(realpath "$2")" "$stage"
    exit
fi

folder=$2 script=$3 stage=$4
copy_machine "$stage"
cp -a "$folder/." "$root/"
mkdir -p "$root"/check/{units,user-units}
cp "$script" "$root/check/script"
touch "$root/check/output"
mount --bind "$stage/output" "$root/check/output"

mount -t cgroup2 none "$root/sys/fs/cgroup"
if [[ -d $folder/usr/lib/systemd ]]; then
    cp "$folder"/usr/lib/systemd/system/* "$root/check/units/"
    cp "$folder"/usr/lib/systemd/user/* "$root/check/user-units/"
fi
# The targets that every service waits for, and a service that runs the script.
for target in sysinit basic shutdown; do
    printf '[Unit]\nDefaultDependencies=no\n' |
        tee "$root/check/units/$target.target" >"$root/check/user-units/$target.target"
done
cat >"$root/check/units/check.service" <<END
[Unit]
SuccessAction=exit-force
FailureAction=exit-force
[Service]
ExecStart=/check/script
StandardOutput=append:/check/output
StandardError=inherit
END
enter_copy
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=tearfree SYSTEMD_UNIT_PATH=/check/units \
    /lib/systemd/systemd --system --unit=check.service --log-target=console --show-status=no
