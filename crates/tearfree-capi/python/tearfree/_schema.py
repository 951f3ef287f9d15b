# SPDX-License-Identifier: MIT OR Apache-2.0
"""Parses the schema of a page, `price:f64 qty:u64 history:f32[4]`, into fields with offsets."""

import re
import struct
import sys
from typing import NamedTuple, Optional

# By kind: the size, the letter for struct, and the format of numpy.
_KINDS = {
    "u8": (1, "B", "u1"),
    "u16": (2, "H", "u2"),
    "u32": (4, "I", "u4"),
    "u64": (8, "Q", "u8"),
    "u128": (16, None, "V16"),
    "i8": (1, "b", "i1"),
    "i16": (2, "h", "i2"),
    "i32": (4, "i", "i4"),
    "i64": (8, "q", "i8"),
    "i128": (16, None, "V16"),
    "f32": (4, "f", "f4"),
    "f64": (8, "d", "f8"),
}
_FIELD = re.compile(r"([^:]+):([a-z0-9]+)(?:\[([0-9]+)\])?")


class Field(NamedTuple):
    """One number, or an array of `count` numbers, of a kind such as "f64"."""

    name: str
    kind: str
    count: Optional[int]
    offset: int

    @property
    def numpy_format(self):
        """Its format in a structured dtype."""
        letter = _KINDS[self.kind][2]
        return letter if self.count is None else (letter, (self.count,))

    def unpack(self, value):
        """Returns the number, or the list of numbers, in the bytes of a value."""
        size, letter, _ = _KINDS[self.kind]
        count = 1 if self.count is None else self.count
        if letter is None:
            numbers = [self._unpack_wide(value, self.offset + size * i) for i in range(count)]
        else:
            numbers = list(struct.unpack_from(f"={count}{letter}", value, self.offset))
        return numbers[0] if self.count is None else numbers

    def _unpack_wide(self, value, offset: int) -> int:
        return int.from_bytes(value[offset : offset + 16], sys.byteorder, signed=self.kind == "i128")


def parse_fields(schema: str) -> list:
    """Returns the fields of a schema, in order and without gaps."""
    fields, offset = [], 0
    for text in schema.split(" "):
        name, kind, count = _FIELD.fullmatch(text).groups()
        field = Field(name, kind, None if count is None else int(count), offset)
        fields.append(field)
        offset += _KINDS[kind][0] * (1 if field.count is None else field.count)
    return fields
