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
SIZES = {"bool": 1, **{kind: struct.calcsize("=" + code) for kind, code in KINDS.items()}, "u128": 16, "i128": 16}
NUMBER = r"0|-?[1-9][0-9]*"
FIELD = re.compile(
    r"([A-Za-z_][A-Za-z0-9_.]{0,63}):"
    r"(text\[[1-9][0-9]*\]|[ui](?:8|16|32|64)\{[^{}]+\}|[a-z][a-z0-9_]{0,63}<[1-9][0-9]*>|[a-z0-9]+)"
    r"(?:\[([1-9][0-9]*)\])?\Z"
)
NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,63})=(" + NUMBER + r")\Z")
NO_PROMISE = 2**64 - 1


def refuse(why):
    sys.exit(f"no usable page: {why}")


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def parse_names(kind):
    """{number: name} of a kind with named numbers."""
    number, _, names = kind[:-1].partition("{")
    found = [NAME.match(part) for part in names.split(",")]
    if not all(found) or len(found) > 256:
        refuse(f"bad kind {kind!r}")
    numbers, bits = [int(pair[2]) for pair in found], 8 * SIZES[number]
    least, most = (-(2 ** (bits - 1)), 2 ** (bits - 1)) if number[0] == "i" else (0, 2**bits)
    if numbers != sorted(set(numbers)) or len({pair[1] for pair in found}) < len(found):
        refuse(f"names or numbers in {kind!r}")
    if numbers[0] < least or numbers[-1] >= most:
        refuse(f"a number out of range in {kind!r}")
    return {int(pair[2]): pair[1] for pair in found}


def size_and_align(kind):
    """Of a kind; None if it is unknown."""
    if kind.startswith("text["):
        return int(kind[5:-1]), 1
    if "{" in kind:
        parse_names(kind)
        return (SIZES[kind.partition("{")[0]],) * 2
    if "<" in kind:
        name, _, size = kind[:-1].partition("<")
        is_known = name in SIZES or name == "text"
        return None if is_known else (int(size), int(size) if int(size) in (2, 4, 8, 16) else 1)
    return (SIZES[kind],) * 2 if kind in SIZES else None


def parse_schema(text):
    fields, offset, align = [], 0, 1
    for part in text.split(" "):
        found = FIELD.match(part)
        shape = found and size_and_align(found[2])
        if not shape or any(found[1] == name for name, *_ in fields):
            refuse(f"bad field {part!r}")
        (size, its_align), count = shape, int(found[3] or 1)
        if offset % its_align:
            refuse("a gap in the schema")
        fields.append((found[1], found[2], found[3] and count, offset))
        offset, align = offset + size * count, max(align, its_align)
    if offset % align or offset > 2**24 or len(fields) > 1024:
        refuse("the payload's size")
    return fields, offset, align


def is_of_this_boot(boot):
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            ours = bytes.fromhex(file.read().strip().replace("-", ""))
    except OSError:
        ours = bytes(16)
    return boot == ours or bytes(16) in (boot, ours)


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
    if not is_of_this_boot(header[64:80]):
        refuse("it is from before the last boot")
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


def value(copy, kind, at, size):
    """Of one element; None if its bytes are none."""
    data = bytes(copy[at:at + size])
    if kind == "bool":
        return {b"\0": False, b"\1": True}.get(data)
    if kind.startswith("text["):
        text, _, padding = data.partition(b"\0")
        try:
            return None if padding.strip(b"\0") else text.decode("utf-8")
        except UnicodeDecodeError:
            return None
    if "{" in kind:
        return parse_names(kind).get(struct.unpack("=" + KINDS[kind.partition("{")[0]], data)[0])
    if "<" in kind:
        return data.hex()
    if kind in WIDE:
        return int.from_bytes(data, sys.byteorder, signed=WIDE[kind])
    return struct.unpack("=" + KINDS[kind], data)[0]


def values(copy, kind, count, offset):
    size, _ = size_and_align(kind)
    found = [value(copy, kind, at, size) for at in range(offset, offset + size * (count or 1), size)]
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
    shown = {name: values(copy[64:], kind, count, offset) for name, kind, count, offset in fields}
    print(json.dumps(dict(generation=generation, fields=shown, age_ns=age, freshness=freshness, state=state, writer=writer)))


if __name__ == "__main__":
    main()
