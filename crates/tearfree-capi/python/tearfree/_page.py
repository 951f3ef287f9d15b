# SPDX-License-Identifier: MIT OR Apache-2.0
"""Reads pages: one value that a process publishes and others read."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, AsyncIterator, Callable, Optional, Union

from ._changes import changes_of
from ._layout import HasLayout, Layout
from ._library import Handle, PageName, PageOptions, PageReading, c_string, check, library, wait
from ._reading import Reading, reading_from
from ._schema import SchemaLike, schema_text

if TYPE_CHECKING:
    import numpy


def open_arguments(
    name: PageName, schema: Optional[SchemaLike], owner: Union[int, str, None]
) -> tuple[bytes, Optional[bytes], PageOptions]:
    """The page, the schema and the options for a call that opens a page."""
    wanted = None if schema is None else c_string(schema_text(schema))
    trusted = None if owner is None else c_string(str(owner))
    return c_string(name), wanted, PageOptions(ctypes.sizeof(PageOptions), trusted)


class Page(HasLayout, Handle):
    """Opens a page of this user or of root, by its name, or by its path if it contains a "/".

    `schema` is the schema that the program expects: the text "price:f64 qty:u64", a dict of kinds by field
    name, or a structured dtype of numpy. `owner` is another user whose pages are trusted, by number or name,
    "group:NAME", or "any": the owner of a page can end its readers by truncating the file. Any thread may read,
    also while another one closes the page, and forked children may.
    """

    def __init__(
        self,
        name: PageName,
        schema: Optional[SchemaLike] = None,
        *,
        owner: Union[int, str, None] = None,
    ):
        arguments = open_arguments(name, schema, owner)
        open_into: Callable[[Any], int] = lambda to: library.tearfree_page_open_with(*arguments, to)
        super().__init__("page", open_into, library.tearfree_page_close)
        page = self._open()
        self._layout = Layout(library.tearfree_page_schema(page).decode())
        self._size: int = library.tearfree_page_size(page)
        self._bytes = ctypes.c_char * self._size

    @property
    def generation(self) -> int:
        """The number of publications until now."""
        return int(library.tearfree_page_generation(self._open()))

    def read(self) -> Reading:
        """Reads the newest value, as a dict of numbers and lists of numbers by field name."""
        copy = bytearray(self._size)
        reading = self._read(copy)
        return reading_from(self._layout.unpack(copy), reading)

    def read_array(self) -> Reading:
        """Reads the newest value as a structured array of numpy, a copy."""
        import numpy

        return self.read_into(numpy.empty((), dtype=self.dtype))

    def read_into(self, buffer: Any) -> Reading:
        """Reads the newest value into a structured array of one element, or another writable buffer of
        the value's size, without an allocation for the value. `buffer` is the reading's value.

        After an exception the buffer's contents are unspecified.
        """
        return reading_from(buffer, self._read(buffer))

    def wait(self, seen: int, timeout: Optional[float] = None) -> bool:
        """Sleeps until the generation is not `seen`; returns False after `timeout` seconds."""
        return wait(lambda ns: library.tearfree_page_wait(self._open(), seen, ns), timeout)

    def changes(self, seen: Optional[int] = None) -> AsyncIterator[Reading]:
        """Yields the newest value, and then again whenever something changes, for `async for`.

        With `seen`, the first value is yielded when its generation is not `seen`. A slow consumer gets the
        newest value, not each one. Something changes when a value is published, when the value turns
        stale, when the writer ends, and when the page is superseded by a new one. The reading that says so is
        the last one.
        """
        return changes_of(self, seen)

    def _read(self, buffer: Any) -> PageReading:
        reading = PageReading()
        target = self._target(buffer)
        check(library.tearfree_page_read(self._open(), target, self._size, ctypes.byref(reading)))
        return reading

    def _target(self, buffer: Any) -> Any:
        view = memoryview(buffer)
        if view.nbytes != self._size:
            raise ValueError(f"the buffer has {view.nbytes} bytes, and the value {self._size}")
        return self._bytes.from_buffer(buffer)
