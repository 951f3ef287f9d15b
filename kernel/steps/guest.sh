#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The guest: its initramfs, and one run of it under qemu. Sourced by boot-test.

# The kernel's messages about a processor that hangs.
readonly STALL='rcu: INFO: .*stall|watchdog: BUG: soft lockup'
# The hammer's message about a context that does not keep its interruption out. The guest may hang then.
readonly CAME_INSIDE='hammer: an interruption came inside of a section'

# The emulator's process, to kill a guest that hangs.
GUEST_PID=

end_guest() {
    [[ -n $GUEST_PID ]] || return 0
    kill -KILL "$GUEST_PID" 2>/dev/null || true
    wait "$GUEST_PID" 2>/dev/null || true
    GUEST_PID=
}

# make_initramfs FILE SCRIPT MODULE...: the guest's init runs the script.
make_initramfs() {
    local file=$1 script=$2 tree=$1.tree
    shift 2
    rm -rf "$tree"
    mkdir -p "$tree"/{bin,dev,modules,proc,programs,sys}
    cp "$BUSYBOX" "$tree/bin/busybox"
    cp "$HERE/guest/init" "$tree/init"
    cp "$HERE/guest/$script" "$tree/script"
    chmod +x "$tree/init" "$tree/script"
    cp "$@" "$tree/modules/"
    [[ $script != full ]] || add_programs "$tree/programs"
    (cd "$tree" && find . | cpio --quiet -o -H newc | gzip -1) >"$file"
}

# Adds user-space programs, each a folder with a static executable `program` and a file `arguments`. The
# guest runs each one, and each has to exit with 0.
add_programs() { # FOLDER
    [[ -n $COMMAND ]] || return 0
    add_program "$1" trace "$COMMAND" trace
    add_program "$1" vdso "$COMMAND" vdso --verify 2000
}

# Sets COMMAND: the command `tearfree`, static because the guest has no libraries. Only for guests with
# the architecture of this machine.
build_command() {
    COMMAND=
    [[ $ARCH == amd64 && $MUTANTS == no ]] || return 0
    step "the command tearfree for the guest"
    (cd "$REPOSITORY" && cargo rustc --quiet --release -p tearfree-cli --bin tearfree -- \
        -C target-feature=+crt-static)
    COMMAND=$(dirname "$CACHE")/release/tearfree
}

add_program() { # FOLDER NAME EXECUTABLE ARGUMENT...
    local folder=$1/$2
    mkdir "$folder"
    cp "$3" "$folder/program"
    shift 3
    echo "$*" >"$folder/arguments"
}

# boot NAME INITRAMFS THREADS ARGUMENTS: runs the guest until it powers off; NAME.log is its kernel's
# log, without time stamps. Fails if the guest has to be killed: with 124 because its time is up, with 123
# because a processor hangs or is about to. Up to our init only the emulator and Debian's kernel run; a guest that
# hangs there is started again, twice at most.
boot() {
    local serial=$WORK/$1.serial try status
    for try in 1 2 3; do
        status=0
        start_guest "$serial" "$2" "$3" "$4"
        watch_guest "$serial" || status=$?
        tr -d '\r\0' <"$serial" | sed -E 's/^\[ *[0-9]+\.[0-9]+\] //' >"$WORK/$1.log"
        ! has_begun "$serial" || return "$status"
        step "attempt $try: the guest did not reach its init"
    done
    fail "$RELEASE does not boot here; its log is $serial"
}

has_begun() { # SERIAL
    grep -aq 'GUEST: hello' "$1"
}

start_guest() { # SERIAL INITRAMFS THREADS ARGUMENTS
    local machine=(-cpu max) console=ttyS0
    if [[ $ARCH == arm64 ]]; then
        machine=(-machine virt -cpu cortex-a72)
        console=ttyAMA0
    fi
    : >"$1"
    # Never KVM: a machine may have the device and still not run this kernel.
    "$QEMU" "${machine[@]}" -accel "tcg,thread=$3" -smp 2 -m 384 -nodefaults -display none \
        -serial "file:$1" -no-reboot -kernel "$ROOT/boot/vmlinuz-$RELEASE" -initrd "$2" \
        -append "console=$console loglevel=7 printk.devkmsg=on panic=-1 oops=panic \
tsc=reliable clocksource=tsc $4" </dev/null >"$1.qemu" 2>&1 &
    GUEST_PID=$!
}

# Waits for the guest's end, and kills it when its time is up, or when it prints nothing for a minute before init:
# on a busy machine it may take long to get there.
watch_guest() { # SERIAL
    local end=$((SECONDS + LIMIT)) silent=$((SECONDS + 60)) size=0 status=0
    while [[ $status == 0 ]] && kill -0 "$GUEST_PID" 2>/dev/null; do
        sleep 0.5
        [[ $(stat -c %s "$1") == "$size" ]] || silent=$((SECONDS + 60))
        size=$(stat -c %s "$1")
        if ((SECONDS >= end)) || { ((SECONDS >= silent)) && ! has_begun "$1"; }; then
            status=124
        elif has_begun "$1" && grep -aqE "$STALL|$CAME_INSIDE" "$1"; then
            status=123
        fi
        [[ $status == 0 ]] || end_guest
    done
    [[ -z $GUEST_PID ]] || wait "$GUEST_PID" || status=$?
    GUEST_PID=
    return "$status"
}
