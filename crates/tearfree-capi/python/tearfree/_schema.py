# SPDX-License-Identifier: MIT OR Apache-2.0
"""Schemas: parses `price:f64 qty:u64 history:f32[4]` into fields, and writes it from a dict or a dtype."""

from __future__ import annotations

import re
import struct
from typing import Any, Iterable, Mapping, NamedTuple, Optional, Sequence, Union

from ._kinds import Buffer, Kind, kind_of, kind_of_numpy

#: The schema's text, a dict of kinds (`{"price": "f64", "history": "f32[4]"}`), or a structured dtype.
SchemaLike = Union[str, Mapping[str, str], Any]

# `text[16][4]` is an array of four texts.
_FIELD = re.compile(r"([^:]+):(text\[[0-9]+\]|[^\[\]]+)(?:\[([0-9]+)\])?")


class Field(NamedTuple):
    """One value, or an array of `count` values, of a kind such as "f64" or "text[16]"."""

    name: str
    kind: str
    count: Optional[int]  # type: ignore[assignment] # a tuple's method has this name
    offset: int

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return kind_of(self.kind).size * (1 if self.count is None else self.count)

    @property
    def numpy_format(self) -> Any:
        """Its format in a structured dtype."""
        letter = kind_of(self.kind).numpy_format
        return letter if self.count is None else (letter, (self.count,))

    def unpack(self, value: Buffer) -> Any:
        """Returns the field's value, or the list of its values, in the bytes of a page's value.

        Raises ValueError if the bytes are none of the kind.
        """
        count = 1 if self.count is None else self.count
        try:
            found = kind_of(self.kind).unpack(value, self.offset, count)
        except ValueError as error:
            raise ValueError(f"the field '{self.name}' holds {error}, not {self.kind}") from None
        return found[0] if self.count is None else found

    def pack(self, given: Any) -> bytes:
        """Returns the bytes of a value of the field, or of a sequence of values.

        Raises TypeError and ValueError for what the field cannot hold.
        """
        elements = [given] if self.count is None else self._elements(given, self.count)
        try:
            return kind_of(self.kind).pack(elements)
        except _REFUSALS:
            raise self._refusal(elements) from None

    def _elements(self, given: Any, count: int) -> Sequence[Any]:
        if isinstance(given, str) or not isinstance(given, Iterable):
            raise TypeError(f"field '{self.name}' is an array: give a sequence of {count} values")
        elements = list(given)
        if len(elements) != count:
            raise ValueError(f"field '{self.name}' has {count} elements, not {len(elements)}")
        return elements

    def _refusal(self, elements: Sequence[Any]) -> Exception:
        """The exception for the first element that is refused alone."""
        kind = kind_of(self.kind)
        for element in elements:
            try:
                kind.pack([element])
            except _REFUSALS as error:
                text = f"field '{self.name}': {element!r} is not a {self.kind}; use {kind.range}"
                return TypeError(text) if _is_of_another_type(kind, element, error) else ValueError(text)
        return ValueError(f"field '{self.name}' cannot hold this value")


# What a kind raises for an element that is none.
_REFUSALS = (struct.error, ValueError, OverflowError, TypeError, AttributeError)


def _is_of_another_type(kind: Kind, element: Any, error: Exception) -> bool:
    if kind.is_number:
        return not (hasattr(element, "__index__") or hasattr(element, "__float__"))
    return isinstance(error, (TypeError, AttributeError))


def parse_fields(schema: str) -> list[Field]:
    """Returns the fields of a schema of a page, in order and without gaps."""
    fields: list[Field] = []
    offset = 0
    for text in schema.split(" "):
        parts = _FIELD.fullmatch(text)
        if parts is None:
            raise ValueError(f"this version of the module does not know the field '{text}'")
        name, kind, count = parts.groups()
        field = Field(name, kind, None if count is None else int(count), offset)
        fields.append(field)
        offset += field.size
    return fields


def schema_text(schema: SchemaLike) -> str:
    """Returns the text of a schema. The library checks its grammar."""
    if isinstance(schema, str):
        return schema
    if isinstance(schema, Mapping):
        return " ".join(f"{name}:{kind}" for name, kind in schema.items())
    return " ".join(_text_of_dtype(schema))


def _text_of_dtype(dtype: Any) -> Iterable[str]:
    """The fields of a structured dtype, or of what numpy makes one of."""
    if not hasattr(dtype, "fields"):
        import numpy

        dtype = numpy.dtype(dtype)
    if not dtype.names:
        raise TypeError(f"{dtype!r} has no fields; use a structured dtype: [('price', 'f8')]")
    end = 0
    for name in sorted(dtype.names, key=lambda name: dtype.fields[name][1]):
        element, offset = dtype.fields[name][:2]
        if offset != end:
            raise ValueError(f"there is a gap before '{name}' of the dtype; add a field for it")
        end = offset + element.itemsize
        yield f"{name}:{_kind_of_dtype(name, element)}"
    if dtype.itemsize != end:
        raise ValueError("there is a gap at the end of the dtype; add a field for it")


def _kind_of_dtype(name: str, element: Any) -> str:
    base = element.base
    kind = kind_of_numpy(base.kind, base.itemsize)
    if kind is None or not base.isnative:
        raise ValueError(
            f"field '{name}' of the dtype: a page has no {base}; "
            "use u1 to u8, i1 to i8, f4, f8, ? or S, in the byte order of this machine"
        )
    if not element.shape:
        return kind
    count = 1
    for length in element.shape:
        count *= length
    return f"{kind}[{count}]"
