# SPDX-License-Identifier: MIT OR Apache-2.0
"""A value as it was read, and what is known about it."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple, Optional

from ._library import PageReading, library

_FRESHNESS = {1: "fresh", 2: "stale", 3: "unpromised", 4: "unknown"}
_WRITER = {1: "live", 2: "ended", 3: "superseded"}
_AGE_UNKNOWN = 2**64 - 1


class Reading(NamedTuple):
    """A value, never torn, and what is known about it.

    Reading looks at no clock: `freshness`, `left` and `age` do, each time they are asked for.
    """

    #: A dict of numbers and lists, a structured array, or the buffer that was given.
    value: Any
    #: The number of publications before this one.
    generation: int
    #: The state of the writer after the read: "live" (it may have crashed since), "ended" or "superseded"
    #: (the page was replaced by a new one: open it again).
    writer: str
    #: When the value was published, by CLOCK_BOOTTIME in nanoseconds; None if that is unknown.
    published_ns: Optional[int]
    #: Until when the writer promised another value, by the same clock; 2**64 - 1 without a promise, one less if
    #: it is by a clock that this process cannot read.
    valid_until: int

    @property
    def freshness(self) -> str:
        """How fresh the value is now: "fresh", "stale" (the promise was broken), "unpromised", or "unknown" (by a
        clock that this process cannot read)."""
        return _FRESHNESS[library.tearfree_reading_freshness(self._times(), None)]

    @property
    def left(self) -> Optional[float]:
        """For how many seconds the value stays fresh; negative since when it is stale; None without a promise
        that is known."""
        ns = ctypes.c_uint64()
        freshness = _FRESHNESS[library.tearfree_reading_freshness(self._times(), ns)]
        return {"fresh": ns.value / 1e9, "stale": -ns.value / 1e9}.get(freshness)

    @property
    def age(self) -> Optional[float]:
        """How long ago the value was published, in seconds; None if that is unknown."""
        ns: int = library.tearfree_reading_age(self._times())
        return None if ns == _AGE_UNKNOWN else ns / 1e9

    def _times(self) -> PageReading:
        return PageReading(published_ns=self.published_ns or 0, valid_until=self.valid_until)


def reading_from(value: Any, known: PageReading) -> Reading:
    """The reading of a value."""
    writer = _WRITER.get(known.writer, "ended")
    return Reading(value, known.generation, writer, known.published_ns or None, known.valid_until)
