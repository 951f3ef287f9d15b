#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# A copy of this machine's files, in which packages are installed and services run. Scripts source this in a mount
# namespace of their own, as root.

# copy_machine STAGE: makes the copy, in memory, and sets `root` to its path. It has a /proc and a /sys that cannot be
# written to, and devices, /run and /dev/shm of its own.
copy_machine() {
    local stage=$1 device
    mkdir "$stage/memory"
    mount -t tmpfs none "$stage/memory"
    mkdir "$stage"/memory/{upper,work,root}
    root=$stage/memory/root
    mount -t overlay none "$root" \
        -o "lowerdir=/,upperdir=$stage/memory/upper,workdir=$stage/memory/work"
    mount -t proc none "$root/proc"
    mount --bind "$root/proc/sys" "$root/proc/sys"
    mount -o remount,bind,ro "$root/proc/sys"
    mount -t sysfs -o ro none "$root/sys"
    mount -t tmpfs -o mode=755 none "$root/run"
    mount -t tmpfs -o mode=1777 none "$root/tmp"
    mount -t tmpfs -o mode=755 none "$root/dev"
    mkdir "$root"/dev/{shm,pts}
    mount -t tmpfs -o mode=1777 none "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=666 none "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    for device in null zero full random urandom tty; do
        touch "$root/dev/$device"
        mount --bind "/dev/$device" "$root/dev/$device"
    done
}

# enter_copy: makes it the root of this process, and the only files that it sees. Not chroot, in which no user namespace
# can be made.
enter_copy() {
    mkdir "$root/old"
    cd "$root" || return
    pivot_root . old
    umount --lazy /old
    rmdir /old
}
