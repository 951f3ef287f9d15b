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
    "bool": (1, "B", "?"),
}
_FIELD = re.compile(r"([^:]+):(text\[[0-9]+\]|[a-z0-9_]+<[0-9]+>|[a-z0-9]+(?:\{[^}]*\})?)(?:\[([0-9]+)\])?")


def _layout(kind: str):
    """Returns the size, the letter for struct, and the format of numpy."""
    if "{" in kind:
        return _KINDS[kind.partition("{")[0]]
    if kind.startswith("text["):
        size = int(kind[5:-1])
        return size, f"{size}s", f"S{size}"
    if "<" in kind:  # a kind of a later version
        size = int(kind.partition("<")[2][:-1])
        return size, f"{size}s", f"V{size}"
    return _KINDS[kind]


class Field(NamedTuple):
    """One value, or an array of `count` values, of a kind such as "f64" or "text[16]"."""

    name: str
    kind: str
    count: Optional[int]
    offset: int

    @property
    def numpy_format(self):
        """Its format in a structured dtype."""
        letter = _layout(self.kind)[2]
        return letter if self.count is None else (letter, (self.count,))

    def unpack(self, value):
        """Returns the value, or the list of values, in the bytes of the payload.

        Raises ValueError if the bytes are not a value of the kind.
        """
        size, letter, _ = _layout(self.kind)
        count = 1 if self.count is None else self.count
        if letter is None:
            numbers = [self._unpack_wide(value, self.offset + size * i) for i in range(count)]
        else:
            numbers = list(struct.unpack_from("=" + letter * count, value, self.offset))
        values = [self._convert(number) for number in numbers]
        return values[0] if self.count is None else values

    def _convert(self, number):
        """Returns the bool, the text or the name that a number or bytes stand for."""
        try:
            if self.kind == "bool":
                return {0: False, 1: True}[number]
            if self.kind.startswith("text["):
                text, _, padding = number.partition(b"\0")
                if padding.strip(b"\0"):
                    raise ValueError("bytes behind the end of the text")
                return text.decode("utf-8")
            if "{" in self.kind:
                pairs = (pair.split("=") for pair in self.kind.partition("{")[2][:-1].split(","))
                return {int(n): name for name, n in pairs}[number]
        except (KeyError, ValueError):
            raise ValueError(f"the field {self.name!r} holds {number!r}, not {self.kind}") from None
        return number

    def _unpack_wide(self, value, offset: int) -> int:
        return int.from_bytes(value[offset : offset + 16], sys.byteorder, signed=self.kind == "i128")


def parse_fields(schema: str) -> list:
    """Returns the fields of a schema, in order and without gaps."""
    fields, offset = [], 0
    for text in schema.split(" "):
        name, kind, count = _FIELD.fullmatch(text).groups()
        field = Field(name, kind, None if count is None else int(count), offset)
        fields.append(field)
        offset += _layout(kind)[0] * (1 if field.count is None else field.count)
    return fields
