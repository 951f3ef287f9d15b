#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Checks the kernel's log after a run. Sourced by boot-test.

# Taint 12288: out-of-tree and unsigned modules, as these are. No other bit.
readonly TAINT=$((4096 + 8192))

# require_line LOG LINE: fails unless the log has exactly this line.
require_line() {
    grep -qxF -- "$2" "$1" && return
    grep -E '^(GUEST|hammer)' "$1" | tail -n 30
    fail "the kernel's log lacks \"$2\"; it is $1"
}

# Prints errors that the kernel itself reports.
kernel_errors() { # LOG
    grep -E 'BUG:|WARNING:|Oops|Call [Tt]race|general protection|Kernel panic|lockup' "$1" ||
        grep -E 'rcu.*(stall|starved)|hung_task|blocked for more than|bad: scheduling' "$1"
}

# The checks of every run that is not a mutant.
check_run() { # LOG
    ! kernel_errors "$1" || fail "the kernel reports an error (see above); its log is $1"
    require_line "$1" "GUEST: hello from $RELEASE on 2 processors"
    require_line "$1" "GUEST: taint before: 0"
    require_line "$1" "GUEST: insmod seqlock_hammer: 0"
    require_line "$1" "hammer: end"
    require_line "$1" "GUEST: rmmod seqlock_hammer: 0"
    require_line "$1" "GUEST: taint after: $TAINT"
    require_line "$1" "GUEST: the end"
    ! grep -E '^hammer: case=.* result=FAILED' "$1" || fail "cases have failed (see above)"
}

# Prints the number in the line with this text.
number_after() { # LOG TEXT
    sed -nE "s/^GUEST: $2: ([0-9]+)$/\1/p" "$1"
}

# Tutorial one: its messages, and a value that grows by 1 each second.
check_tutorial() { # LOG
    local values
    require_line "$1" "GUEST: insmod seqlock_tutorial: 0"
    require_line "$1" "module seqlock init fun"
    require_line "$1" "module seqlock exit function"
    require_line "$1" "GUEST: rmmod seqlock_tutorial: 0"
    values=$(sed -nE 's/^read values : ([0-9]+)$/\1/p' "$1" | xargs)
    # Reader and writer wake up together, so two readings may see one value, or skip one.
    tr ' ' '\n' <<<"$values" | awk '
        NR == 1 && $1 > 1 || NR > 1 && ($1 < last || $1 > last + 2) { wrong = 1 }
        { last = $1 }
        END { exit wrong || NR < 3 || last < 2 }' ||
        fail "the tutorial's reader printed: $values"
    note "tutorial 1: read values : $values"
}

# Tutorial two: the device, with valid and invalid requests.
check_driver() { # LOG
    local first after set later text
    require_line "$1" "GUEST: insmod etx_driver: 0"
    for text in 'Kthread1 Created Successfully...' 'Kthread2 Created Successfully...' \
        'Device Driver Insert...Done!!!' 'Device File Opened...!!!' 'Read function' \
        'Write Function' 'Device File Closed...!!!' 'Device Driver Remove...Done!!'; do
        require_line "$1" "$text"
    done
    grep -qE '^Major = [0-9]+ Minor = 0$' "$1" || fail "no 'Major = .. Minor = ..' in $1"
    grep -qE '^In EmbeTronicX Thread Function2 : Read value [0-9]+$' "$1" ||
        fail "the driver's second thread printed nothing; the log is $1"
    for text in junk -5 12x 1.5 ' ' 0x10 99999999999999999999 '7\n7' "$(printf '%040d' 5)"; do
        require_line "$1" "GUEST: write '$text': Invalid argument"
    done
    require_line "$1" "GUEST: write '1000000\n': done"
    first=$(number_after "$1" "first value")
    after=$(number_after "$1" "value after what was refused")
    set=$(number_after "$1" "value set")
    later=$(number_after "$1" "value later")
    # On a loaded machine the value may be larger; it never decreases.
    [[ $first -ge 0 && $after -ge $first && $after -lt 1000000 ]] ||
        fail "the driver's value was $first, and $after after what it had to refuse"
    [[ $set -ge 1000000 && $(number_after "$1" "value by bytes") -ge $set &&
        $later -gt $set && $later -lt 1001000 ]] ||
        fail "the driver's value was set to 1000000, and then $set, and later $later"
    check_unloading "$1"
    note "tutorial 2: value $first, set to 1000000, later $later; junk refused; unloads"
}

check_unloading() { # LOG
    local tail
    tail=$(grep -A 1 -xF 'GUEST: with the device open, next:' "$1" | tail -n 1)
    [[ $tail == "GUEST: rmmod etx_driver: 1" ]] || fail "unloading with the device open: $tail"
    [[ $(number_after "$1" "value while open") -ge 1000000 ]] || fail "no value while open"
    [[ $(grep -cxF 'GUEST: rmmod etx_driver: 0' "$1") == 2 ]] ||
        fail "etx_driver was not unloaded twice; the log is $1"
    require_line "$1" "GUEST: the device is gone"
}

# Each user-space program of the guest.
check_programs() { # LOG INITRAMFS
    local folder name
    for folder in "$2.tree/programs"/*/; do
        [[ -d $folder ]] || continue
        name=$(basename "$folder")
        require_line "$1" "GUEST: program $name: 0"
        note "program in the guest: tearfree $(cat "$folder/arguments")"
    done
}

# Prints the hammer's cases as a table. LEAST is the smallest number of cases.
print_table() { # LOG LEAST
    local cases
    cases=$(grep '^hammer: case=' "$1" | sed 's/^hammer: //')
    [[ $(wc -l <<<"$cases") -ge $2 ]] || fail "fewer than $2 cases ran; the log is $1"
    awk '
        function row(a, b, c, d, e, f, g, h) {
            printf "  %-32s %9s %9s %9s %10s %8s %7s  %s\n", a, b, c, d, e, f, g, h
        }
        BEGIN { row("case", "writes", "reads", "met", "interrupts", "held off", "torn", "") }
        {
            for (i = 1; i <= NF; i++) { split($i, pair, "="); v[pair[1]] = pair[2] }
            remark = v["control"] ? "control: fails, as required" : ""
            if (v["stuck"] > 0) remark = "control: " v["stuck"] " interrupts stuck, as required"
            row(v["case"], v["writes"], v["reads"], v["met"], v["interrupts"], v["held_off"], v["torn"],
                remark)
            if (!v["control"]) torn += v["torn"]
        }
        END { print "torn " torn + 0 }' <<<"$cases"
}
