#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The guest: its initramfs, and one run of it under qemu. Sourced by boot-test.

# The kernel's own words for a processor that gets no further.
readonly STALL='rcu: INFO: .*stall|watchdog: BUG: soft lockup'

# The emulator's own process, so that a guest that hangs can be ended.
GUEST_PID=

end_guest() {
    [[ -n $GUEST_PID ]] || return 0
    kill -KILL "$GUEST_PID" 2>/dev/null || true
    wait "$GUEST_PID" 2>/dev/null || true
    GUEST_PID=
}

# make_initramfs FILE COURSE MODULE...: the guest's init follows the course.
make_initramfs() {
    local file=$1 course=$2 tree=$1.tree
    shift 2
    rm -rf "$tree"
    mkdir -p "$tree"/{bin,dev,modules,proc,programs,sys}
    cp "$BUSYBOX" "$tree/bin/busybox"
    cp "$HERE/guest/init" "$tree/init"
    cp "$HERE/guest/$course" "$tree/course"
    chmod +x "$tree/init" "$tree/course"
    cp "$@" "$tree/modules/"
    [[ $course != full ]] || add_programs "$tree/programs"
    (cd "$tree" && find . | cpio --quiet -o -H newc | gzip -1) >"$file"
}

# Programs of user space that the guest runs, each a folder of a static executable `program` and the
# file `arguments`. The guest calls each one, and the verdict wants each to end with 0. One line here
# is one more program.
add_programs() { # FOLDER
    [[ -n $COMMAND ]] || return 0
    add_program "$1" trace "$COMMAND" trace
}

# Sets COMMAND: the command `tearfree`, static because the guest has no libraries. It is built for
# guests of this machine's own kind.
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

# boot NAME INITRAMFS THREADS ARGUMENTS: runs the guest until it powers off; NAME.log is what its
# kernel said, without time stamps. Fails if it has to be ended: with 124 because its time is over,
# with 123 because the kernel itself reports that a processor gets no further. Up to our init only the emulator and Debian's kernel run; a
# guest that does not get that far within a minute is started again, twice at most.
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
    # Never KVM: that the device is there does not mean that it can run this kernel.
    "$QEMU" "${machine[@]}" -accel "tcg,thread=$3" -smp 2 -m 384 -nodefaults -display none \
        -serial "file:$1" -no-reboot -kernel "$ROOT/boot/vmlinuz-$RELEASE" -initrd "$2" \
        -append "console=$console loglevel=7 printk.devkmsg=on panic=-1 oops=panic \
tsc=reliable clocksource=tsc $4" </dev/null >"$1.qemu" 2>&1 &
    GUEST_PID=$!
}

# Waits for the guest's end, and ends it itself when its time is over.
watch_guest() { # SERIAL
    local end=$((SECONDS + LIMIT)) early=$((SECONDS + 60)) status=0
    while [[ $status == 0 ]] && kill -0 "$GUEST_PID" 2>/dev/null; do
        sleep 0.5
        if ((SECONDS >= end)) || { ((SECONDS >= early)) && ! has_begun "$1"; }; then
            status=124
        elif grep -aqE "$STALL" "$1"; then
            status=123
        fi
        [[ $status == 0 ]] || end_guest
    done
    [[ -z $GUEST_PID ]] || wait "$GUEST_PID" || status=$?
    GUEST_PID=
    return "$status"
}
