# SPDX-License-Identifier: MIT OR Apache-2.0
"""The layout of a page's value: its fields, its dtype, and how values become bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional, Union

from ._schema import Field, parse_fields, schema_text

if TYPE_CHECKING:
    import numpy

#: A dict of values by field name, a structured array of one element, or the bytes of the value.
Values = Union[Mapping[str, Any], bytes, bytearray, memoryview, "numpy.ndarray[Any, Any]", "numpy.void"]


class Layout:
    """The fields of a schema, by name, without gaps between them."""

    def __init__(self, schema: str):
        self.schema = schema
        self.fields: list[Field] = parse_fields(schema) if schema else []
        self._by_name = {field.name: field for field in self.fields}
        self.size = sum(field.size for field in self.fields)

    def dtype(self) -> numpy.dtype[Any]:
        """The structured dtype of numpy for the value."""
        import numpy

        return numpy.dtype(
            {
                "names": [field.name for field in self.fields],
                "formats": [field.numpy_format for field in self.fields],
                "offsets": [field.offset for field in self.fields],
                "itemsize": self.size,
            }
        )

    def unpack(self, value: Union[bytes, bytearray]) -> dict[str, Any]:
        """The numbers and lists of numbers in the bytes of a value, by field name."""
        return {field.name: field.unpack(value) for field in self.fields}

    def field(self, name: str) -> Field:
        """The field of this name, or ValueError."""
        if name not in self._by_name:
            names = ", ".join(self._by_name)
            raise ValueError(f"the page has no field '{name}'; it has {names}")
        return self._by_name[name]

    def to_bytes(self, values: Optional[Values], fields: Mapping[str, Any]) -> bytes:
        """The bytes of a whole value. The library checks their number."""
        if values is not None and not isinstance(values, Mapping):
            if fields:
                raise TypeError("give a whole value or fields by name, not both")
            return self._bytes_of_buffer(values)
        given = {**(values or {}), **fields}
        missing = [name for name in self._by_name if name not in given]
        if missing:
            raise ValueError(f"no value for {', '.join(missing)}; give all fields, or use update")
        value = bytearray(self.size)
        self.change(value, given)
        return bytes(value)

    def change(self, value: bytearray, fields: Mapping[str, Any]) -> None:
        """Changes some fields in the bytes of a value; if one is refused, none is changed."""
        packed = []
        for name, given in fields.items():
            field = self.field(name)
            packed.append((field.offset, field.pack(given)))
        for offset, part in packed:
            value[offset : offset + len(part)] = part

    def _bytes_of_buffer(self, values: Any) -> bytes:
        dtype = getattr(values, "dtype", None)
        if dtype is None or not dtype.names:
            return memoryview(values).tobytes()
        # The same fields at the same places; an array of a field can have another shape.
        if dtype != self.dtype() and schema_text(dtype) != self.schema:
            raise ValueError(f"the array has the dtype {dtype}, and the page {self.dtype()}")
        if values.size != 1:
            raise ValueError(f"the array has {values.size} elements; a page has one")
        return bytes(values.tobytes())


class HasLayout:
    """What a page and a writer know from the layout of their values."""

    _layout: Layout

    @property
    def schema(self) -> str:
        """The schema of the page, such as "price:f64 qty:u64"."""
        return self._layout.schema

    @property
    def fields(self) -> list[Field]:
        """The fields of the value, in order."""
        return list(self._layout.fields)

    @property
    def dtype(self) -> numpy.dtype[Any]:
        """The structured dtype of numpy for the value; 128-bit numbers are 16 raw bytes in it."""
        return self._layout.dtype()
