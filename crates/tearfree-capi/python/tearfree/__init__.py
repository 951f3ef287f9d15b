# SPDX-License-Identifier: MIT OR Apache-2.0
"""Reads tearfree pages: one value that a process publishes and others read, never torn.

    with tearfree.Page("quotes") as page:
        print(page.read().value["price"])

And the clock that a timekeeper publishes for all processes:

    with tearfree.Clock() as clock:
        print(clock.now_bounded())
"""

import ctypes
import os
from typing import Any, NamedTuple, Optional

from ._clock import Bounded, Clock
from ._library import Error, Told, check, library, wait
from ._schema import Field, fields_of

__all__ = ["Bounded", "Clock", "Error", "Field", "Page", "Reading"]

_FRESHNESS = {1: "fresh", 2: "stale", 3: "unpromised", 4: "unknown"}
_WRITER = {1: "live", 2: "ended", 3: "superseded"}


class Reading(NamedTuple):
    """A value, whole, and what was known about it."""

    #: A dict of numbers and lists, or a structured array.
    value: Any
    #: The number of publications before this one.
    generation: int
    #: "fresh" or "stale" as the writer promised; "unpromised", or "unknown" by a clock not seen here.
    freshness: str
    #: For how long still, or since when, in seconds.
    seconds: float
    #: "live", "ended" or "superseded": what the writer said last. It may have died since.
    writer: str


class Page:
    """A page of this user or of root, by its name, or by its path if it has a "/" in it.

    `schema`, such as "price:f64 qty:u64", is what the program expects in it. Any thread may read, as
    long as none closes it.
    """

    def __init__(self, name, schema: Optional[str] = None):
        self._page = ctypes.c_void_p()
        wanted = None if schema is None else schema.encode()
        check(library.tearfree_page_open(os.fsencode(name), wanted, ctypes.byref(self._page)))
        self.schema: str = library.tearfree_page_schema(self._page).decode()
        self.fields: list[Field] = fields_of(self.schema)
        self._size: int = library.tearfree_page_size(self._page)

    def close(self):
        """Ends the use of the page."""
        library.tearfree_page_close(self._page)
        self._page = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if getattr(self, "_page", None):
            self.close()

    @property
    def generation(self) -> int:
        """The number of publications until now."""
        return library.tearfree_page_generation(self._open())

    @property
    def dtype(self):
        """The structured dtype of numpy for the value; 128-bit numbers are 16 raw bytes in it."""
        import numpy

        return numpy.dtype(
            {
                "names": [field.name for field in self.fields],
                "formats": [field.numpy_format for field in self.fields],
                "offsets": [field.offset for field in self.fields],
                "itemsize": self._size,
            }
        )

    def read(self) -> Reading:
        """The newest value, as a dict of numbers and lists of numbers by the names of the fields."""
        copy = bytearray(self._size)
        told = self._read_into(copy)
        return _reading({field.name: field.of(copy) for field in self.fields}, told)

    def read_array(self) -> Reading:
        """The newest value as a structured array of numpy, which is a copy of its own."""
        import numpy

        array = numpy.empty((), dtype=self.dtype)
        told = self._read_into(memoryview(array.reshape(1)).cast("B") if array.nbytes else array)
        return _reading(array, told)

    def wait(self, seen: int, timeout: Optional[float] = None) -> bool:
        """Sleeps until the generation is another one than `seen`; False after `timeout` seconds."""
        return wait(lambda ns: library.tearfree_page_wait(self._open(), seen, ns), timeout)

    def _open(self):
        if not self._page:
            raise ValueError("the page is closed; open it again")
        return self._page

    def _read_into(self, buffer) -> Told:
        told = Told()
        place = (ctypes.c_char * self._size).from_buffer(buffer)
        check(library.tearfree_page_read(self._open(), place, self._size, ctypes.byref(told)))
        return told


def _reading(value, told: Told) -> Reading:
    freshness = _FRESHNESS.get(told.freshness, "unknown")
    writer = _WRITER.get(told.writer, "ended")
    return Reading(value, told.generation, freshness, told.ns / 1e9, writer)
