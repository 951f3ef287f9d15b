# SPDX-License-Identifier: MIT OR Apache-2.0
"""Reads clocks: the time that a timekeeper publishes for all processes."""

from __future__ import annotations

import ctypes
from typing import Any, Callable, NamedTuple, Optional

from ._library import ClockInterval, Handle, PageName, c_string, library, wait

_STATUS = {0: "unknown", 1: "synchronised", 2: "free running", 3: "disrupted"}


class Bounded(NamedTuple):
    """An interval that contains the true time, in nanoseconds, both ends included."""

    earliest: int
    latest: int
    #: How far the interval can be trusted, as `Clock.status`.
    status: str


class Clock(Handle):
    """Opens the clock of this machine; or another, by its page's name, or path if it contains a "/".

    All times are nanoseconds, as in time.monotonic_ns and time.time_ns. Any thread may read,
    until one closes the clock.
    """

    def __init__(self, name: Optional[PageName] = None):
        page = None if name is None else c_string(name)
        open_into: Callable[[Any], int] = lambda to: library.tearfree_clock_open(page, to)
        super().__init__("clock", open_into, library.tearfree_clock_close)

    def now(self) -> int:
        """Returns the time, like CLOCK_MONOTONIC. It never decreases, across all processes."""
        return int(library.tearfree_clock_now(self._open()))

    def coarse(self) -> int:
        """Returns the time of the last tick, one every 10 ms; never later than now."""
        return int(library.tearfree_clock_coarse(self._open()))

    def realtime(self) -> int:
        """Returns the time of day, like CLOCK_REALTIME: since 1970. It may be set, also back."""
        return int(library.tearfree_clock_realtime(self._open()))

    def now_bounded(self) -> Bounded:
        """Returns the interval that contains the host's CLOCK_MONOTONIC."""
        return _bounded(library.tearfree_clock_now_bounded(self._open()))

    def utc_bounded(self) -> Bounded:
        """Returns the interval that contains UTC, since 1970, by the kernel's NTP code."""
        return _bounded(library.tearfree_clock_utc_bounded(self._open()))

    @property
    def status(self) -> str:
        """The status against the host's clock: "synchronised", "free running" (the timekeeper is dead,
        late or has just started), "disrupted" (there was a jump) or "unknown"."""
        return _status_name(library.tearfree_clock_status(self._open()))

    def wait_until_past(self, ns: int, timeout: Optional[float] = None) -> Optional[Bounded]:
        """Sleeps until CLOCK_MONOTONIC is certainly past `ns`; None after `timeout` seconds."""
        call = library.tearfree_clock_wait_until_past
        return _wait(lambda sleep, seen: call(self._open(), ns, sleep, seen), timeout)

    def wait_until_past_utc(self, ns: int, timeout: Optional[float] = None) -> Optional[Bounded]:
        """Sleeps until UTC is certainly past `ns`, since 1970; None after `timeout` seconds."""
        call = library.tearfree_clock_wait_until_past_utc
        return _wait(lambda sleep, seen: call(self._open(), ns, sleep, seen), timeout)

    def wait_synchronised(self, timeout: Optional[float] = None) -> Optional[Bounded]:
        """Sleeps until it is synchronised with the host's clock; None after `timeout` seconds."""
        call = library.tearfree_clock_wait_synchronised
        return _wait(lambda sleep, seen: call(self._open(), sleep, seen), timeout)


def _wait(call: Callable[[int, Any], int], timeout: Optional[float]) -> Optional[Bounded]:
    seen = ClockInterval()
    happened = wait(lambda sleep: call(sleep, ctypes.byref(seen)), timeout)
    return _bounded(seen) if happened else None


def _bounded(interval: ClockInterval) -> Bounded:
    return Bounded(interval.earliest, interval.latest, _status_name(interval.status))


def _status_name(status: int) -> str:
    return _STATUS.get(status, "unknown")
