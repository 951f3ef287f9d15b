#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Run by systemd on a copy of this machine, see scripts/services/boot.sh: installs packages, and the next version over
# them while the service, a writer and a program that is linked with the library run.
set -euo pipefail

readonly UNIT=tearfree-clock.service
readonly DROP_IN=/check/units/$UNIT.d/admin.conf

fail() {
    echo "FAILED: $*"
    systemctl status --no-pager --full "$UNIT" || true
    exit 1
}

# equal WHAT EXPECTED FOUND
equal() { [[ $2 == "$3" ]] || fail "$1: '$3' instead of '$2'"; }

as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/nonexistent "$@"; }
state() { systemctl show --property ActiveState --value "$UNIT"; }
process() { systemctl show --property MainPID --value "$UNIT"; }
now() { tearfree clock now --json | sed -nE 's/.*"monotonic_ns": ?"([0-9]+)".*/\1/p'; }

# install FOLDER: installs its packages, whose files and versions are then those on the machine.
install() {
    local package
    dpkg --install "$1"/*.deb
    for package in "$1"/*.deb; do
        equal "the version of $package" "$(dpkg-deb --field "$package" Version)" \
            "$(dpkg-query --show --showformat '${Version}' "$(dpkg-deb --field "$package" Package)")"
    done
    # shellcheck disable=SC2086 # one word for each
    equal "what dpkg says of the files" "" "$(dpkg --verify $names)"
}

names=$(for package in /packages/*.deb; do dpkg-deb --field "$package" Package; done)
cd /run
# Images of containers forbid that packages start services.
rm -f /usr/sbin/policy-rc.d
# Each change of packages would index the manual pages again, for seconds.
rm -f /var/lib/man-db/auto-update
install /packages
# The manager of this machine sees the units of this folder only.
ln -s "/usr/lib/systemd/system/$UNIT" /check/units/
systemctl daemon-reload
equal "the service that was not started" inactive "$(state)"
# shellcheck disable=SC2016,SC2086 # for dpkg-query; one word for each
equal "files that dpkg asks about" "" "$(dpkg-query --show --showformat '${Conffiles}' $names)"

mkdir "${DROP_IN%/*}"
printf '[Service]\nNice=5\n' >"$DROP_IN"
systemctl daemon-reload
systemctl start "$UNIT" || fail "it does not start"
first=$(process)
page=$(stat --format %i /run/tearfree/clock/page)
before=$(now)

mkfifo values
as_nobody tearfree page publish room --create celsius:f64 <values >/dev/null &
writer=$!
exec 3>values
echo celsius=20.5 >&3
end=$((SECONDS + 60))
until [[ $(as_nobody tearfree page get room celsius 2>/dev/null) == 20.5 ]]; do
    ((SECONDS < end)) || fail "no page of the writer within a minute"
    sleep 0.05
done
# shellcheck disable=SC2046 # one word for each
gcc -o example /packages/example.c $(pkg-config --cflags --libs tearfree)

install /next
equal "the service that ran" active "$(state)"
second=$(process)
[[ $second != "$first" ]] || fail "the service is still the old program"
equal "the clock's page" "$page" "$(stat --format %i /run/tearfree/clock/page)"
after=$(now)
((before > 0 && after > before)) || fail "the clock went from $before to $after"
equal "the administrator's setting" 5 "$(systemctl show --property Nice --value "$UNIT")"
kill -0 $writer || fail "the writer was stopped"
echo celsius=21.5 >&3
exec 3>&-
wait $writer || fail "the writer failed"
equal "what the old writer wrote, in the new command" 21.5 "$(as_nobody tearfree page get room celsius)"
equal "the same, in the old program with the new library" 21.5 "$(as_nobody ./example)"
equal "the same, in Python" 21.5 \
    "$(as_nobody /usr/bin/python3 -c 'import tearfree; print(tearfree.Page("room").read().value["celsius"])')"

systemctl stop "$UNIT"
install /next
equal "the service that was stopped" inactive "$(state)"
systemctl start "$UNIT"
# shellcheck disable=SC2086 # one word for each
dpkg --purge $names
equal "the service of a package that is gone" inactive "$(state)"
[[ -s $DROP_IN ]] || fail "the administrator's setting is gone"
echo "packages: upgraded while the service and a writer ran"
