#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Run by systemd, see boot.sh: starts the units, tries their sandbox and their watchdog, stops them.
set -euo pipefail

readonly UNIT=tearfree-clock.service
readonly NOBODY=65534
readonly LIMIT=60

fail() {
    echo "FAILED: $*"
    systemctl status --no-pager --full "$UNIT" || true
    exit 1
}

# until_true WHAT COMMAND...: waits until the command succeeds.
until_true() {
    local what=$1 end=$((SECONDS + LIMIT))
    shift
    until "$@"; do
        ((SECONDS < end)) || fail "$what: not within $LIMIT s"
        sleep 0.05
    done
}

# property NAME [UNIT]
property() { "${manager[@]}" show --property "$1" --value "${2-$UNIT}"; }

# is NAME VALUE [UNIT]: whether a property begins with a value.
is() { [[ $(property "$1" "${3-$UNIT}") == "$2"* ]]; }

# expect NAME VALUE [UNIT]
expect() { is "$@" || fail "$1 is $(property "$1" "${3-$UNIT}") instead of $2"; }

as_nobody() { setpriv --reuid $NOBODY --regid $NOBODY --clear-groups "$@"; }

# start_and_read COMMAND...: starts the unit, and reads its clock by a command.
start_and_read() {
    "${manager[@]}" start "$UNIT" || fail "it does not start"
    # Type=notify: it is ready when `start` ends.
    expect ActiveState active
    expect SubState running
    "$@" clock now || fail "its clock cannot be read by $*"
    until_true "its status is shown" is StatusText synchronised
}

# stop_cleanly: a stop by SIGTERM is a success, and the clock runs on.
stop_cleanly() {
    "${manager[@]}" stop "$UNIT"
    expect ActiveState inactive
    expect Result success
    expect ExecMainStatus 0
    "$@" clock now || fail "the page went with the service"
}

# restrictions: each is tried by a process with the same sandbox, and without it, where it has to succeed.
restrictions() {
    local without=/run/systemd/system/without.service within=/run/systemd/system/within.service
    mkdir -p /run/systemd/system
    printf '[Service]\nType=oneshot\nStandardOutput=append:/check/output\nStandardError=inherit\n' >$without
    { sed -n '/^\[Service\]/,/^\[Install\]/p' /check/units/$UNIT |
        grep -vE '^(Type|ExecStart|WatchdogSec|Restart.*|\[Install\])'; sed 1d $without; } >$within
    echo 'ExecStart=/check/forbidden.py allowed' >>$without
    echo 'ExecStart=/check/forbidden.py refused' >>$within
    mv $without $within /check/units/
    systemctl daemon-reload
    systemctl start without.service || fail "without a sandbox something is refused"
    systemctl start within.service || fail "the sandbox is another one"
}

# hang: a timekeeper that does not run is ended by the watchdog, and another one continues its clock.
hang() {
    local first second page
    expect WatchdogUSec 10s
    mkdir -p /check/units/$UNIT.d
    printf '[Service]\nWatchdogSec=1\n' >/check/units/$UNIT.d/watchdog.conf
    systemctl daemon-reload
    systemctl restart $UNIT
    first=$(property MainPID)
    page=$(stat --format %i /run/tearfree/clock/page)
    kill -STOP "$first"
    until_true "the watchdog ends it" is NRestarts 1
    until_true "it runs again" is ActiveState active
    second=$(property MainPID)
    [[ $first != "$second" ]] || fail "it is the same process"
    [[ $page == "$(stat --format %i /run/tearfree/clock/page)" ]] || fail "the clock is a new one"
}

# failure: a timekeeper that cannot have the page has failed, and is tried again.
failure() {
    local other
    tearfree clock serve 2>/run/other &
    other=$!
    until_true "another timekeeper runs" grep -q "keeping the clock" /run/other
    ! systemctl start $UNIT || fail "two timekeepers have one page"
    is Result exit-code || is NRestarts 1 || fail "a failure counts as success"
    kill $other
    wait $other || fail "a timekeeper that was asked to end has failed"
    until_true "it is tried again" is ActiveState active
    systemctl stop $UNIT
}

manager=(systemctl)
start_and_read tearfree
as_nobody tearfree clock now || fail "another user cannot read the clock of the machine"
[[ $(stat --format '%U %a' /run/tearfree) == "root 755" ]] || fail "the directory is not for all to read"
grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' "/proc/$(property MainPID)/status" | tr -d '\t\n' |
    grep -qE '^CapEff:0+CapBnd:0+NoNewPrivs:1Seccomp:2' || fail "it has rights"
restrictions
hang
stop_cleanly tearfree
failure
echo "system unit: ok"

# The service manager of a user, which a login starts elsewhere.
cat >/check/units/user-manager.service <<END
[Service]
Type=notify
User=$NOBODY
Group=$NOBODY
Delegate=yes
RuntimeDirectory=user/$NOBODY
Environment=XDG_RUNTIME_DIR=/run/user/$NOBODY SYSTEMD_UNIT_PATH=/check/user-units
ExecStart=/lib/systemd/systemd --user --unit=basic.target --log-target=console
END
systemctl daemon-reload
systemctl start user-manager.service || fail "no service manager of a user"
user=(as_nobody env "XDG_RUNTIME_DIR=/run/user/$NOBODY")
manager=("${user[@]}" systemctl --user)
start_and_read "${user[@]}" tearfree
[[ -e /run/user/$NOBODY/tearfree/clock/page ]] || fail "the page is elsewhere"
stop_cleanly "${user[@]}" tearfree
echo "user unit: ok"
