# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writes a page, from PROTOCOL.md alone. Usage: write_page.py DIRECTORY SCHEMA [LIFETIME_NS] [wakes]

Each line of the input is one value, a JSON object with all fields, and is answered by its generation. The first one
creates the page, or takes it over; the end of the input ends the writer. Python cannot order its stores, so this
writer needs a processor that keeps them in order: it refuses all but x86-64. Nor can it compare and exchange: it
compares, and then stores.
"""
import ctypes
import errno
import fcntl
import json
import mmap
import os
import platform
import secrets
import struct
import sys
import time

import read_page
from read_page import KINDS, NO_PROMISE, WIDE, fnv1a, parse_schema

LIVE, ENDED, SUPERSEDED = 1, 2, 3
# Words that waiters sleep on: the low half of COUNT on this little-endian machine, and the state.
COUNT, STATE = 128, 136
# What the generation skips where another writer may still publish what it had begun.
GAP = 2**20
LOCK_TEXT = b"tearfree page lock\n"
RENAME_EXCHANGE, FUTEX_WAKE, SYS_FUTEX = 2, 1, 202
libc = ctypes.CDLL(None, use_errno=True)


def refuse(why):
    sys.exit(f"cannot write the page: {why}")


def inode(path):
    try:
        return os.stat(path).st_ino
    except OSError:
        return 0


def stat(pid):
    """Fields 3 and on of the process's `stat`; the name in field 2 can contain blanks. Empty if unknown."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()
    except OSError:
        return []


def start_time(pid):
    return int((stat(pid) or [0] * 20)[22 - 3])


def is_zombie(pid):
    """Whether all of its threads have ended."""
    fields = stat(pid)
    return bool(fields) and (fields[3 - 3], fields[20 - 3]) == (b"Z", b"1")


def boottime_offset():
    """What this time namespace adds to CLOCK_BOOTTIME, in nanoseconds; 0 if unknown."""
    if inode("/proc/self/ns/time") != inode("/proc/self/ns/time_for_children"):
        return 0
    try:
        with open("/proc/self/timens_offsets") as file:
            lines = [line.split() for line in file]
    except OSError:
        return 0
    return next((int(s) * 10**9 + int(ns) for name, s, ns in lines if name == "boottime"), 0)


def packed(kind, size, element):
    """The bytes of an element: of a number, a bool, a text, a name, or hexadecimal digits of a later kind."""
    if kind.startswith("text["):
        text = element.encode()
        if len(text) > size or b"\0" in text:
            refuse("a text that does not fit")
        return text.ljust(size, b"\0")
    if "{" in kind:
        numbers = {name: number for number, name in read_page.parse_names(kind).items()}
        return struct.pack("=" + KINDS[kind.partition("{")[0]], numbers[element])
    if "<" in kind:
        return bytes.fromhex(element)
    if kind in WIDE:
        return element.to_bytes(16, sys.byteorder, signed=WIDE[kind])
    return struct.pack("=?" if kind == "bool" else "=" + KINDS[kind], element)


class Mapped:
    """A page, mapped for writing. Its numbers are stored by one instruction each, which ctypes does."""

    def __init__(self, file):
        self.file_len = os.fstat(file).st_size
        self.map = mmap.mmap(file, self.file_len)

    def u64(self, at):
        return ctypes.c_uint64.from_buffer(self.map, at)

    def u32(self, at):
        return ctypes.c_uint32.from_buffer(self.map, at)

    def wake(self, *words):
        for at in words:
            address = ctypes.addressof(self.u32(at))
            libc.syscall(SYS_FUTEX, ctypes.c_void_p(address), FUTEX_WAKE, 2**31 - 1, None, None, 0)

    def set_state(self, state):
        self.u32(136).value = state
        self.wake(COUNT, STATE)

    def stop_writer(self):
        """Its writer, if it is alive, finds another owner than itself."""
        self.u32(140).value = (self.u32(140).value + 1) % 2**32 ^ 2**31


class Directory:
    """The directory of a page, with the lock."""

    def __init__(self, path):
        self.path = path
        try:
            os.mkdir(path, 0o755)
        except FileExistsError:
            self.require_page_or_nothing()
        self.lock = self.locked()

    def at(self, name):
        return os.path.join(self.path, name)

    def begins_with(self, name, content):
        try:
            file = os.open(self.at(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return False
        with open(file, "rb") as opened:
            return opened.read(len(content)) == content

    def require_page_or_nothing(self):
        ours = self.begins_with("lock", LOCK_TEXT) or self.begins_with("page", b"\x89TFP\r\n\x1a\n")
        if not ours and any(not name.startswith(".tearfree-") for name in os.listdir(self.path)):
            refuse("the directory has files of others")

    def locked(self):
        while True:
            self.make_lock()
            file = os.open(self.at("lock"), os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            whole_file = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            try:
                fcntl.fcntl(file, fcntl.F_OFD_SETLK, whole_file)
            except OSError as error:
                if error.errno in (errno.EAGAIN, errno.EACCES):
                    refuse("another writer has the lock")
                raise
            if os.fstat(file).st_ino == inode(self.at("lock")):
                return file
            os.close(file)

    def make_lock(self):
        if os.path.lexists(self.at("lock")):
            return
        name = self.temporary()
        with open(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(LOCK_TEXT)
        try:
            os.link(name, self.at("lock"))
        except FileExistsError:
            pass
        os.unlink(name)

    def map(self, name):
        try:
            file = os.open(self.at(name), os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            return Mapped(file)
        finally:
            os.close(file)

    def clean(self):
        """Ends a procedure in which a writer was killed."""
        for name in os.listdir(self.path):
            if name.startswith(".tearfree-"):
                left = self.map(name)
                if left and left.file_len >= 448 and bytes(left.map[:4]) == b"\x89TFP":
                    left.set_state(SUPERSEDED)
                os.unlink(self.at(name))

    def temporary(self):
        return self.at(f".tearfree-{secrets.token_hex(8)}")


class Writer:
    def __init__(self, path, schema, lifetime_ns, wakes):
        self.directory = Directory(path)
        self.directory.clean()
        self.text, self.lifetime_ns, self.wakes = schema.encode(), lifetime_ns, wakes
        self.fields, self.size, self.align = parse_schema(schema)
        self.stride = -(-(64 + self.size) // 64) * 64
        self.page = None

    def begin(self, value):
        old = self.directory.map("page")
        # A page of an earlier boot is none: its times mean nothing any more.
        if not old or old.file_len >= 448 and not read_page.is_of_this_boot(bytes(old.map[64:80])):
            return self.create(value, None, 0)
        read_page.check(old.map, old.file_len)
        start = 448 + 2 * self.stride
        if old.map[start:start + old.u32(40).value] != self.text:
            refuse("the page has another schema")
        has_ended = self.has_ended(old)
        if bool(old.u32(44).value & 1) == self.wakes and has_ended:
            self.page = old
            self.generation = old.u64(128).value // 2
            self.takeovers = self.record(old)[0] + 1
            self.write_record()
            # One store: nothing can be published between the two.
            old.u64(136).value = LIVE | self.takeovers % 2**32 << 32
            self.publish(value)
        else:
            old.stop_writer()
            self.create(value, old, old.u64(128).value // 2 + (1 if has_ended else GAP))

    def record(self, page):
        _, record = read_page.read_pair(page.map, 192, [256, 320], 64)
        return struct.unpack_from("=QIIQQQQQ", record, 0)

    def has_ended(self, page):
        """Whether the last writer has provably ended, so that this one may write to the page."""
        if page.u64(88).value != os.fstat(self.directory.lock).st_ino:
            return False
        if page.u32(136).value == ENDED:
            return True
        _, pid, _, pid_ns, started, _, _, time_ns = self.record(page)
        if page.u32(136).value != LIVE or not pid_ns or pid_ns != inode("/proc/self/ns/pid"):
            return False
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass
        if time_ns != inode("/proc/self/ns/time"):
            return False  # the start time is by another clock
        now = start_time(pid)
        return 0 not in (started, now) and (now != started or is_zombie(pid))

    def create(self, value, old, generation):
        aside = self.directory.temporary()
        length = 448 + 2 * self.stride + len(self.text)
        file = os.open(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        os.posix_fallocate(file, 0, length)
        page = self.page = Mapped(file)
        self.generation, self.takeovers = generation, self.record(old)[0] + 1 if old else 0
        with open("/proc/sys/kernel/random/boot_id") as boot_file:
            boot = bytes.fromhex(boot_file.read().strip().replace("-", ""))
        incarnation = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - boottime_offset()
        if old:
            incarnation = max(incarnation, old.u64(80).value + 1)
        line_0 = (b"\x89TFP\r\n\x1a\n", 0x0A0B0C0D, 1, 0, length, fnv1a(self.text), self.size, self.align)
        flags, page_id = int(self.wakes), secrets.randbits(64)
        line_0 += (len(self.text), flags, page_id, time.time_ns())
        lock_inode = os.fstat(self.directory.lock).st_ino
        struct.pack_into("=8sIHHQQIIIIQQ", page.map, 0, *line_0)
        struct.pack_into("=16sQQ", page.map, 64, boot, incarnation, lock_inode)
        page.map[448 + 2 * self.stride:length] = self.text
        self.write_record()
        self.fill(generation, value, time.clock_gettime_ns(time.CLOCK_BOOTTIME))
        page.u64(128).value = 2 * generation
        page.u64(136).value = LIVE | self.takeovers % 2**32 << 32
        os.fchmod(file, 0o644)
        ours = os.fstat(file)
        os.close(file)
        name = self.directory.at("page")
        if old and libc.renameat2(-100, os.fsencode(aside), -100, os.fsencode(name), RENAME_EXCHANGE) == 0:
            old.set_state(SUPERSEDED)
            os.unlink(aside)
        else:
            os.rename(aside, name)
            if old:
                old.set_state(SUPERSEDED)
        # Where `lock` was removed by hand, another process can have replaced the page.
        if inode(name) != ours.st_ino or os.stat(name).st_dev != ours.st_dev:
            self.page = None
            refuse("another process has the page")

    def write_record(self):
        count, page = self.page.u64(192), self.page
        generation = count.value // 2
        record = (self.takeovers, os.getpid(), os.geteuid(), inode("/proc/self/ns/pid"), start_time("self"))
        record += (time.time_ns(), self.lifetime_ns, inode("/proc/self/ns/time"))
        count.value = 2 * generation + 1
        struct.pack_into("=QIIQQQQQ8x", page.map, 256 + 64 * ((generation + 1) % 2), *record)
        count.value = 2 * generation + 2

    def fill(self, generation, value, now):
        """Writes the stamp and the payload of a generation into its slot."""
        slot = 448 + self.stride * (generation % 2)
        until = min(now + self.lifetime_ns, NO_PROMISE - 2) if self.lifetime_ns else NO_PROMISE
        struct.pack_into("=QQQ40x", self.page.map, slot, now, until, inode("/proc/self/ns/time"))
        for name, kind, count, offset in self.fields:
            size, _ = read_page.size_and_align(kind)
            for index, element in enumerate(value[name] if count else [value[name]]):
                at = slot + 64 + offset + size * index
                self.page.map[at:at + size] = packed(kind, size, element)

    def publish(self, value):
        if self.page.u64(136).value != LIVE | self.takeovers % 2**32 << 32:
            refuse("the page has another owner now")
        count, g = self.page.u64(128), self.generation
        # Before the first store, so that no value seems younger than it is.
        now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        count.value = 2 * g + 1
        self.fill(g + 1, value, now)
        count.value = 2 * g + 2
        self.generation = g + 1
        if self.wakes:
            self.page.wake(COUNT)

    def end(self):
        if self.page and self.page.u64(136).value == LIVE | self.takeovers % 2**32 << 32:
            self.page.set_state(ENDED)
        os.close(self.directory.lock)


def main():
    if platform.machine() != "x86_64":
        refuse("this processor may reorder stores")
    options = sys.argv[3:]
    lifetime_ns = next((int(option) for option in options if option.isdigit()), 0)
    writer = Writer(sys.argv[1], sys.argv[2], lifetime_ns, "wakes" in options)
    for line in sys.stdin:
        (writer.publish if writer.page else writer.begin)(json.loads(line))
        print(writer.generation, flush=True)
    writer.end()


if __name__ == "__main__":
    main()
