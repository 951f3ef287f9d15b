# SPDX-License-Identifier: MIT OR Apache-2.0
"""Follows names: reads the page that a name has now."""

from __future__ import annotations

import asyncio
import ctypes
from contextlib import suppress
from typing import Any, AsyncIterator, Callable, Optional, Union

from ._errors import Error, MissingError, error_from
from ._layout import HasLayout, Layout
from ._library import Handle, PageName, PageReading, check, library, wait
from ._page import open_arguments
from ._reading import Reading, reading_from
from ._schema import SchemaLike

# Numbers of tearfree.h.
_EVENTS = {1: "changed", 2: "stale", 3: "ended", 4: "replaced", 5: "gone"}
_SIZE = 12


class Follower(HasLayout, Handle):
    """Reads the page that a name has now, where a Page stays the one that was opened.

    After the page was replaced or removed, after its directory was removed by hand, and after a restart of its
    writer, a follower reads the next page. Its values never go back. The page need not exist yet; while there is
    none, the follower keeps the last value.

    `schema` and `owner` are as for Page. Without a schema the pages can have different ones: `schema`, `fields` and
    `dtype` are those of the page that was read last. One thread at a time uses a follower.
    """

    def __init__(
        self,
        name: PageName,
        schema: Optional[SchemaLike] = None,
        *,
        owner: Union[int, str, None] = None,
    ):
        arguments = open_arguments(name, schema, owner)
        open_into: Callable[[Any], int] = lambda to: library.tearfree_follower_open(*arguments, to)
        super().__init__("follower", open_into, library.tearfree_follower_close)
        self._layout = Layout("")
        self._update_layout()

    @property
    def problem(self) -> Optional[Error]:
        """Why the page that the name has is not read: such as a MissingError. None if it is read."""
        number = library.tearfree_follower_problem(self._open())
        return error_from(number, library.tearfree_last_error().decode()) if number != 0 else None

    def read(self) -> Reading:
        """Reads the newest value, never an earlier one than before, as a dict by field name.

        Raises an error as Page does, if there has been no page yet.
        """
        copy, known = self._copy()
        return reading_from(self._layout.unpack(copy), known)

    def read_array(self) -> Reading:
        """Reads the newest value as a structured array of numpy, a copy."""
        import numpy

        copy, known = self._copy()
        return reading_from(numpy.frombuffer(copy, dtype=self.dtype).reshape(()), known)

    def wait(self, timeout: Optional[float] = None) -> Optional[str]:
        """Sleeps until something happens that was not reported, and returns what: "changed", "stale", "ended",
        "replaced" (another page has the name now, or a page has it again) or "gone" (no page has it, or none that
        can be read). Returns None after `timeout` seconds.
        """
        event = ctypes.c_int()
        sleep: Callable[[int], int] = lambda ns: library.tearfree_follower_wait(self._open(), ns, event)
        return _EVENTS[event.value] if wait(sleep, timeout) else None

    def fileno(self) -> int:
        """The descriptor that becomes readable when something may have happened, for select and event loops. First,
        and each time that it is readable, call `wait(0)` until that returns None."""
        file = ctypes.c_int()
        check(library.tearfree_follower_descriptor(self._open(), file))
        return file.value

    async def changes(self) -> AsyncIterator[Reading]:
        """Yields the newest value as soon as there is one, and then again whenever something happens, for `async
        for`: one iteration of a follower at a time. A slow consumer gets the newest value, not each one.
        """
        file, has_value = self.fileno(), False
        while True:
            # Other tasks run, and this one can be cancelled, however fast the page changes.
            await asyncio.sleep(0)
            # If this finds nothing, the descriptor becomes readable at the next event.
            event = self.wait(0)
            reading = None
            if event is not None or not has_value:
                with suppress(MissingError):
                    reading = self.read()
            if reading is not None:
                has_value = True
                yield reading
            elif event is None:
                await _readable(file)

    def _copy(self) -> tuple[bytearray, PageReading]:
        """The bytes of the newest value, of which `_layout` is the layout."""
        known = PageReading()
        while True:
            copy = bytearray(self._layout.size)
            target = (ctypes.c_char * len(copy)).from_buffer(copy)
            number = library.tearfree_follower_read(self._open(), target, len(copy), known)
            is_new = self._update_layout()
            if number != _SIZE or not is_new:
                check(number)
                return copy, known

    def _update_layout(self) -> bool:
        """Whether the page that was read last has another schema than the one before."""
        schema = (library.tearfree_follower_schema(self._open()) or b"").decode()
        is_new: bool = schema != self._layout.schema
        if is_new:
            self._layout = Layout(schema)
        return is_new


async def _readable(file: int) -> None:
    """Returns when a descriptor is readable."""
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(file, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(file)
