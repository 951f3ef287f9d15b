# SPDX-License-Identifier: MIT OR Apache-2.0
"""The kinds of a schema's fields: how each is packed into bytes and unpacked.

A new kind is a row of `_NAMED`, or a class and a pattern in `kind_of`.
"""

from __future__ import annotations

import functools
import re
import struct
import sys
from typing import Any, Optional, Protocol, Sequence, Union

Buffer = Union[bytes, bytearray, memoryview]


class Kind(Protocol):
    """Packs and unpacks elements of one kind; `size` is that of an element in bytes."""

    size: int
    #: The format of an element in a structured dtype of numpy.
    numpy_format: str
    #: What an element can be, for messages.
    range: str
    #: Whether an element is a number, so that a wrong number is a ValueError and not a TypeError.
    is_number: bool

    def pack(self, elements: Sequence[Any]) -> bytes:
        """Raises struct.error, ValueError, TypeError or OverflowError for what is not of the kind."""

    def unpack(self, value: Buffer, offset: int, count: int) -> list[Any]:
        """Raises ValueError, with the bytes, for what is not of the kind."""


class Number:
    """A kind that the module `struct` has a letter for."""

    is_number = True

    def __init__(self, size: int, letter: str, numpy_format: str):
        self.size, self.letter, self.numpy_format = size, letter, numpy_format
        self.range = "a number" if letter in "fd" else _range(size, letter.islower())

    def pack(self, elements: Sequence[Any]) -> bytes:
        return struct.pack(f"={len(elements)}{self.letter}", *elements)

    def unpack(self, value: Buffer, offset: int, count: int) -> list[Any]:
        return list(struct.unpack_from(f"={count}{self.letter}", value, offset))


class Wide:
    """An integer of 128 bits, which `struct` has no letter for; numpy has 16 raw bytes."""

    size, numpy_format, is_number = 16, "V16", True

    def __init__(self, signed: bool):
        self.signed = signed
        self.range = _range(self.size, signed)

    def pack(self, elements: Sequence[Any]) -> bytes:
        return b"".join(self._pack_one(element) for element in elements)

    def _pack_one(self, element: Any) -> bytes:
        return int(element.__index__()).to_bytes(16, sys.byteorder, signed=self.signed)

    def unpack(self, value: Buffer, offset: int, count: int) -> list[Any]:
        starts = range(offset, offset + 16 * count, 16)
        return [self._unpack_one(value[start : start + 16]) for start in starts]

    def _unpack_one(self, element: Buffer) -> int:
        return int.from_bytes(element, sys.byteorder, signed=self.signed)


def _range(size: int, signed: bool) -> str:
    bits = size * 8
    return f"-2**{bits - 1} to 2**{bits - 1} - 1" if signed else f"0 to 2**{bits} - 1"


class Bool:
    """One byte, 0 or 1."""

    size, numpy_format, range, is_number = 1, "?", "True or False", True

    def pack(self, elements: Sequence[Any]) -> bytes:
        return bytes(self._pack_one(element) for element in elements)

    @staticmethod
    def _pack_one(element: Any) -> bool:
        if element not in (0, 1):
            raise ValueError(element)
        return bool(element)

    def unpack(self, value: Buffer, offset: int, count: int) -> list[Any]:
        found = bytes(value[offset : offset + count])
        if found.strip(b"\0\1"):
            raise ValueError(found)
        return [byte == 1 for byte in found]


class Text:
    """UTF-8 of at most `size` bytes, padded with null bytes."""

    is_number = False

    def __init__(self, size: int):
        self.size, self.numpy_format = size, f"S{size}"
        self.range = f"a str of at most {size} bytes in UTF-8, without null characters"

    def pack(self, elements: Sequence[Any]) -> bytes:
        return b"".join(self._pack_one(element) for element in elements)

    def _pack_one(self, element: Any) -> bytes:
        if not isinstance(element, str):
            raise TypeError(element)
        encoded = element.encode()
        if len(encoded) > self.size or b"\0" in encoded:
            raise ValueError(element)
        return encoded.ljust(self.size, b"\0")

    def unpack(self, value: Buffer, offset: int, count: int) -> list[Any]:
        return [self._unpack_one(part) for part in _split(value, offset, self.size, count)]

    @staticmethod
    def _unpack_one(found: bytes) -> str:
        text, _, padding = found.partition(b"\0")
        if padding.strip(b"\0"):
            raise ValueError(found)
        try:
            return text.decode()
        except UnicodeDecodeError:
            raise ValueError(found) from None


class Enum:
    """Named numbers, which are names in Python. A number may be given, too."""

    is_number = False

    def __init__(self, numbers: Kind, names: str):
        pairs = [pair.rpartition("=") for pair in names.split(",")]
        self._numbers = {name: int(number) for name, _, number in pairs}
        self._names = {number: name for name, number in self._numbers.items()}
        self._kind = numbers
        self.size, self.numpy_format = numbers.size, numbers.numpy_format
        self.range = f"one of {', '.join(self._numbers)}"

    def pack(self, elements: Sequence[Any]) -> bytes:
        return self._kind.pack([self._number(element) for element in elements])

    def _number(self, element: Any) -> int:
        if not isinstance(element, str):
            element = self._names.get(element.__index__(), "")
        if element not in self._numbers:
            raise ValueError(element)
        return self._numbers[element]

    def unpack(self, value: Buffer, offset: int, count: int) -> list[Any]:
        numbers = self._kind.unpack(value, offset, count)
        for number in numbers:
            if number not in self._names:
                raise ValueError(number)
        return [self._names[number] for number in numbers]


class Opaque:
    """A kind of a later version, of which only the size is known: bytes."""

    is_number = False

    def __init__(self, size: int):
        self.size, self.numpy_format, self.range = size, f"V{size}", f"{size} bytes"

    def pack(self, elements: Sequence[Any]) -> bytes:
        for element in elements:
            if not isinstance(element, (bytes, bytearray)):
                raise TypeError(element)
            if len(element) != self.size:
                raise ValueError(element)
        return b"".join(elements)

    def unpack(self, value: Buffer, offset: int, count: int) -> list[Any]:
        return _split(value, offset, self.size, count)


def _split(value: Buffer, offset: int, size: int, count: int) -> list[bytes]:
    return [bytes(value[start : start + size]) for start in range(offset, offset + size * count, size)]


_NAMED: dict[str, Kind] = {
    "u8": Number(1, "B", "u1"),
    "u16": Number(2, "H", "u2"),
    "u32": Number(4, "I", "u4"),
    "u64": Number(8, "Q", "u8"),
    "u128": Wide(signed=False),
    "i8": Number(1, "b", "i1"),
    "i16": Number(2, "h", "i2"),
    "i32": Number(4, "i", "i4"),
    "i64": Number(8, "q", "i8"),
    "i128": Wide(signed=True),
    "f32": Number(4, "f", "f4"),
    "f64": Number(8, "d", "f8"),
    "bool": Bool(),
}


_TEXT = re.compile(r"text\[([1-9][0-9]*)\]")
_ENUM = re.compile(r"(\w+)\{([^{}]+)\}")
_OPAQUE = re.compile(r"\w+<([1-9][0-9]*)>")


@functools.lru_cache(maxsize=1024)
def kind_of(text: str) -> Kind:
    """The kind in the text of a page's schema; ValueError if this module does not know it."""
    if text in _NAMED:
        return _NAMED[text]
    if parts := _TEXT.fullmatch(text):
        return Text(int(parts[1]))
    if parts := _OPAQUE.fullmatch(text):
        return Opaque(int(parts[1]))
    parts = _ENUM.fullmatch(text)
    if parts is None or parts[1] not in _NAMED:
        raise ValueError(f"this version of the module does not know the kind '{text}'")
    return Enum(_NAMED[parts[1]], parts[2])


def kind_of_numpy(letter: str, size: int) -> Optional[str]:
    """The kind of a format of numpy, such as "f" and 8."""
    if letter == "S" and size > 0:
        return f"text[{size}]"
    format_ = "?" if letter == "b" else f"{letter}{size}"
    kinds = (name for name, kind in _NAMED.items() if kind.numpy_format == format_)
    return next(kinds, None) if letter in "buif" else None
