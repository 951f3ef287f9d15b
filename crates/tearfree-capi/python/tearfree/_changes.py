# SPDX-License-Identifier: MIT OR Apache-2.0
"""Waits for changes of a page in asyncio: each iteration that waits has a thread, which sleeps in the library."""

from __future__ import annotations

import asyncio
import queue
import threading
import weakref
from typing import TYPE_CHECKING, AsyncIterator, NamedTuple, Optional

from ._library import SUPERSEDED, TIMED_OUT, PageWatch, check, library

if TYPE_CHECKING:
    from ._page import Page
    from ._reading import Reading

# How long the thread sleeps before it checks whether the iteration has ended, in nanoseconds.
_LONGEST_SLEEP = 250_000_000
# A number of tearfree.h.
_ENDED = 2


class _State(NamedTuple):
    """What a change is a change of."""

    generation: int
    is_stale: bool
    writer: str


async def changes_of(page: Page, seen: Optional[int]) -> AsyncIterator[Reading]:
    """Yields a reading for each change; see Page.changes."""
    sleeper = _Sleeper(page)
    known = None if seen is None else _state(page.read())._replace(generation=seen)
    try:
        while True:
            # Other tasks run, and this one can be cancelled, however fast the page changes.
            await asyncio.sleep(0)
            reading = page.read()
            state = _state(reading)
            if state != known:
                known = state
                yield reading
                if known.writer == "superseded":
                    return
            else:
                await sleeper.sleep(_watch(reading, state))
    finally:
        sleeper.stop()


def _state(reading: Reading) -> _State:
    return _State(reading.generation, reading.freshness == "stale", reading.writer)


def _watch(reading: Reading, state: _State) -> PageWatch:
    """What is known when a reading and its state were yielded."""
    writer = _ENDED if state.writer == "ended" else 0
    # The generation of the state: the caller may know another one than that of the reading.
    return PageWatch(state.generation, writer, state.is_stale, reading.generation, reading.valid_until)


class _Sleep:
    """One wait of an iteration, done by its thread."""

    def __init__(self, watch: PageWatch):
        self.watch = watch
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[None] = self.loop.create_future()
        self.is_cancelled = False

    def run(self, page: Page) -> None:
        """Sleeps until there is a change, or the iteration does not wait any more."""
        error = None
        try:
            self._sleep(page)
        except Exception as failure:
            error = failure
        try:
            self.loop.call_soon_threadsafe(self._finish, error)
        except RuntimeError:
            pass  # The loop is closed, and the iteration with it.

    def _sleep(self, page: Page) -> None:
        number = TIMED_OUT
        while number == TIMED_OUT and self._is_needed():
            number = library.tearfree_page_wait_event(page._open(), self.watch, _LONGEST_SLEEP, None)
        if number not in (TIMED_OUT, SUPERSEDED):
            check(number)

    def _is_needed(self) -> bool:
        return not (self.is_cancelled or self.loop.is_closed())

    def _finish(self, error: Optional[Exception]) -> None:
        if self.future.done():
            return
        if error is None:
            self.future.set_result(None)
        else:
            self.future.set_exception(error)


class _Sleeper:
    """The thread of one iteration; it starts with the first wait, and ends with the iteration."""

    def __init__(self, page: Page):
        self._page = page
        self._sleeps: queue.SimpleQueue[Optional[_Sleep]] = queue.SimpleQueue()
        self._has_thread = False
        # Also where an event loop was closed in the middle of an iteration.
        self.stop = weakref.finalize(self, self._sleeps.put, None)
        self.stop.atexit = False

    async def sleep(self, watch: PageWatch) -> None:
        """Returns when there is a change."""
        sleep = _Sleep(watch)
        if not self._has_thread:
            self._has_thread = True
            thread = threading.Thread(
                target=_serve, args=(self._page, self._sleeps), name="tearfree changes", daemon=True
            )
            thread.start()
        self._sleeps.put(sleep)
        try:
            await sleep.future
        finally:
            sleep.is_cancelled = True


def _serve(page: Page, sleeps: queue.SimpleQueue[Optional[_Sleep]]) -> None:
    while _serve_one(page, sleeps):
        pass


def _serve_one(page: Page, sleeps: queue.SimpleQueue[Optional[_Sleep]]) -> bool:
    # In a function of its own: between two waits the thread keeps nothing of the iteration alive.
    sleep = sleeps.get()
    if sleep is not None:
        sleep.run(page)
    return sleep is not None
