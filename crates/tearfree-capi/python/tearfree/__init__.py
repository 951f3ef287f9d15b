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
from ._library import Error, Handle, PageReading, check, library, wait
from ._schema import Field, parse_fields

__all__ = ["Bounded", "Clock", "Error", "Field", "Page", "Reading"]

_FRESHNESS = {1: "fresh", 2: "stale", 3: "unpromised", 4: "unknown"}
_WRITER = {1: "live", 2: "ended", 3: "superseded"}
_AGE_UNKNOWN = 2**64 - 1


class Reading(NamedTuple):
    """A value, never torn, and what is known about it."""

    #: A dict of numbers and lists, or a structured array.
    value: Any
    #: The number of publications before this one.
    generation: int
    #: "fresh", "stale" (the promise was broken), "unpromised", or "unknown" (by a clock that this process
    #: cannot read).
    freshness: str
    #: How long a fresh value stays fresh, or since when a stale one is, in seconds.
    seconds: float
    #: The last known state of the writer: "live" (it may have crashed since), "ended" or "superseded".
    writer: str
    #: How long ago the value was published, in seconds; None if that is unknown.
    age: Optional[float] = None
    #: When that was, by CLOCK_BOOTTIME in nanoseconds; None if that is unknown.
    published_ns: Optional[int] = None


class Page(Handle):
    """Opens a page of this user or of root, by its name, or by its path if it contains a "/".

    `schema`, such as "price:f64 qty:u64", is the schema that the program expects. Any thread may read,
    until one closes the page.
    """

    def __init__(self, name, schema: Optional[str] = None):
        super().__init__(library.tearfree_page_close, "page")
        wanted = None if schema is None else schema.encode()
        check(library.tearfree_page_open(os.fsencode(name), wanted, ctypes.byref(self._pointer)))
        self.schema: str = library.tearfree_page_schema(self._pointer).decode()
        self.fields: list[Field] = parse_fields(self.schema)
        self._size: int = library.tearfree_page_size(self._pointer)

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
        """Reads the newest value, as a dict of numbers and lists of numbers by field name."""
        copy = bytearray(self._size)
        reading = self._read_into(copy)
        return _reading({field.name: field.unpack(copy) for field in self.fields}, reading)

    def read_array(self) -> Reading:
        """Reads the newest value as a structured array of numpy, a copy."""
        import numpy

        array = numpy.empty((), dtype=self.dtype)
        reading = self._read_into(memoryview(array.reshape(1)).cast("B") if array.nbytes else array)
        return _reading(array, reading)

    def wait(self, seen: int, timeout: Optional[float] = None) -> bool:
        """Sleeps until the generation is not `seen`; returns False after `timeout` seconds."""
        return wait(lambda ns: library.tearfree_page_wait(self._open(), seen, ns), timeout)

    def _read_into(self, buffer) -> PageReading:
        reading = PageReading()
        target = (ctypes.c_char * self._size).from_buffer(buffer)
        check(library.tearfree_page_read(self._open(), target, self._size, ctypes.byref(reading)))
        return reading


def _reading(value, reading: PageReading) -> Reading:
    freshness = _FRESHNESS.get(reading.freshness, "unknown")
    writer = _WRITER.get(reading.writer, "ended")
    age = None if reading.age_ns == _AGE_UNKNOWN else reading.age_ns / 1e9
    published_ns = reading.published_ns or None
    return Reading(value, reading.generation, freshness, reading.ns / 1e9, writer, age, published_ns)
