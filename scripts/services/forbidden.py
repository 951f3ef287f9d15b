#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Tries what the clock's sandbox forbids, and what it must allow: exits with 0 if all is as the argument says."""

import ctypes
import mmap
import os
import socket
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
NEW_USER_NAMESPACE = 0x10000000


def call(function, *args):
    if function(*args) < 0:
        raise OSError(ctypes.get_errno(), function.__name__)


def set_priority():
    os.setpriority(os.PRIO_PROCESS, 0, -5)


FORBIDDEN = {
    "writes to /etc": lambda: open("/etc/written", "w").close(),
    "writes beside its directory": lambda: open("/run/written", "w").close(),
    "opens a network socket": lambda: socket.socket(socket.AF_INET).close(),
    "maps memory to write and execute": lambda: mmap.mmap(-1, 4096, prot=7).close(),
    "changes its root": lambda: os.chroot("/"),
    "raises its priority": set_priority,
    "mounts": lambda: call(LIBC.mount, b"none", b"/mnt", b"tmpfs", 0, None),
    # The last: it loses the rights on the machine.
    "makes a namespace": lambda: call(LIBC.unshare, NEW_USER_NAMESPACE),
}
# `modes` is 0: nothing is changed.
ALLOWED = {
    "reads the state of the host's clock": lambda: call(LIBC.adjtimex, ctypes.create_string_buffer(256)),
    "writes to its directory": lambda: open("/run/tearfree/written", "w").close(),
    "reads the boot ID": lambda: open("/proc/sys/kernel/random/boot_id").close(),
}


def is_allowed(attempt):
    try:
        attempt()
    except OSError:
        return False
    return True


expected = dict.fromkeys(FORBIDDEN, sys.argv[1] == "allowed") | dict.fromkeys(ALLOWED, True)
wrong = [what for what, attempt in (FORBIDDEN | ALLOWED).items() if is_allowed(attempt) != expected[what]]
for what in wrong:
    print(f"{what}: not {'allowed' if expected[what] else 'refused'}")
sys.exit(bool(wrong))
