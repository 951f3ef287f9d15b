# SPDX-License-Identifier: MIT OR Apache-2.0
"""Reads a page, from PROTOCOL.md alone. Usage: read_page.py FILE [GENERATION_TO_WAIT_FOR]

Prints one JSON object: generation, fields, age_ns, freshness, state, writer. Python has no fences; its byte
copies and the processor's own order (x86-64) have to do, and on Arm this is a reader for tests only.
"""
import json
import mmap
import os
import re
import struct
import sys
import time

KINDS = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "i8": "b", "i16": "h", "i32": "i", "i64": "q", "f32": "f", "f64": "d"}
WIDE = {"u128": False, "i128": True}
SIZES = {**{kind: struct.calcsize("=" + code) for kind, code in KINDS.items()}, "u128": 16, "i128": 16}
FIELD = re.compile(r"([A-Za-z_][A-Za-z0-9_.]{0,63}):([a-z0-9]+)(?:\[([1-9][0-9]*)\])?\Z")
NO_PROMISE = 2**64 - 1


def refuse(why):
    sys.exit(f"no usable page: {why}")


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def parse_schema(text):
    fields, offset, align = [], 0, 1
    for part in text.split(" "):
        found = FIELD.match(part)
        if not found or found[2] not in SIZES or any(found[1] == name for name, *_ in fields):
            refuse(f"bad field {part!r}")
        size, count = SIZES[found[2]], int(found[3] or 1)
        if offset % size:
            refuse("a gap in the schema")
        fields.append((found[1], found[2], found[3] and count, offset))
        offset, align = offset + size * count, max(align, size)
    if offset % align or offset > 2**24 or len(fields) > 1024:
        refuse("the payload's size")
    return fields, offset, align


def check(page, file_len):
    if file_len < 448:
        refuse("too short")
    header = bytes(page[:448])
    magic, order, major, _minor, total, fingerprint = struct.unpack_from("=8sIHHQQ", header, 0)
    size, align, schema_len = struct.unpack_from("=III", header, 32)
    if magic != b"\x89TFP\r\n\x1a\n" or order != 0x0A0B0C0D or major != 1 or total > file_len:
        refuse("magic, byte order, version or length")
    stride = 64 + -(-size // 64) * 64
    schema = 448 + 2 * stride
    if size > 2**24 or not 0 < schema_len <= 65536 or schema + schema_len > total:
        refuse("the sizes")
    text = bytes(page[schema:schema + schema_len])
    fields, real_size, real_align = parse_schema(text.decode("ascii", "replace"))
    if (fnv1a(text), real_size, real_align) != (fingerprint, size, align):
        refuse("the schema contradicts the header")
    with open("/proc/sys/kernel/random/boot_id") as file:
        boot = bytes.fromhex(file.read().strip().replace("-", ""))
    if header[64:80] not in (boot, bytes(16)):
        refuse("another boot")
    return fields, size, [448, 448 + stride]


def word(page, at, code="Q"):
    return struct.unpack_from("=" + code, page, at)[0]


def read_pair(page, count_at, slots, size):
    for _ in range(1000):
        generation = word(page, count_at) // 2
        slot = slots[generation % 2]
        copy = page[slot:slot + size]
        if (word(page, count_at) - 2 * generation) % 2**64 <= 2:
            return generation, copy
    refuse("it does not hold still")


def numbers(copy, kind, count, offset):
    size = SIZES[kind]
    found = []
    for at in range(offset, offset + size * (count or 1), size):
        if kind in WIDE:
            found.append(int.from_bytes(copy[at:at + 16], sys.byteorder, signed=WIDE[kind]))
        else:
            found.append(struct.unpack_from("=" + KINDS[kind], copy, at)[0])
    return found if count else found[0]


def own_time_namespace():
    try:
        return os.stat("/proc/self/ns/time").st_ino
    except OSError:
        return 0


def age_and_freshness(stamp):
    published, until, namespace = struct.unpack_from("=QQQ", stamp)
    is_known = namespace != 0 and namespace == own_time_namespace()
    now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    age = now - published if is_known and 0 < published <= now else None
    if until == NO_PROMISE:
        return age, "unpromised"
    if not is_known or published > now or until == NO_PROMISE - 1:
        return age, "unknown"
    return age, "fresh" if now <= until else "stale"


def main():
    file = os.open(sys.argv[1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    file_len = os.fstat(file).st_size
    if file_len == 0:
        refuse("empty")
    page = mmap.mmap(file, file_len, mmap.MAP_SHARED, mmap.PROT_READ)
    fields, size, slots = check(page, file_len)
    generation, copy = read_pair(page, 128, slots, 64 + size)
    end = time.monotonic() + 60
    while len(sys.argv) > 2 and generation < int(sys.argv[2]):
        if time.monotonic() > end:
            refuse("the generation does not come")
        time.sleep(0.001)
        generation, copy = read_pair(page, 128, slots, 64 + size)
    state = {1: "live", 3: "superseded"}.get(word(page, 136, "I"), "ended")
    _, record = read_pair(page, 192, [256, 320], 64)
    takeovers, pid, uid, pid_ns, start_time, since_ns, lifetime_ns = struct.unpack_from("=QIIQQQQ", record, 0)
    writer = dict(pid=pid, uid=uid, pid_namespace=pid_ns, start_time=start_time, takeovers=takeovers, since_ns=since_ns, lifetime_ns=lifetime_ns)
    age, freshness = age_and_freshness(copy)
    values = {name: numbers(copy[64:], kind, count, offset) for name, kind, count, offset in fields}
    print(json.dumps(dict(generation=generation, fields=values, age_ns=age, freshness=freshness, state=state, writer=writer)))


main()
