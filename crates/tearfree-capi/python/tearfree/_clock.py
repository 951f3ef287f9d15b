# SPDX-License-Identifier: MIT OR Apache-2.0
"""Reads clocks: the time that a timekeeper publishes for all processes."""

import ctypes
import os
from typing import NamedTuple, Optional

from ._library import Interval, check, library, wait

_STATUS = {0: "unknown", 1: "synchronised", 2: "free running", 3: "disrupted"}


class Bounded(NamedTuple):
    """An interval that contains the true time, in nanoseconds, both ends included."""

    earliest: int
    latest: int
    #: How far to trust the two: a status, as `Clock.status` gives it.
    status: str


class Clock:
    """The clock of this machine; or another, by the name of its page, or by its path with a "/" in it.

    All times are nanoseconds, as in time.monotonic_ns and time.time_ns. Any thread may read, as long
    as none closes it.
    """

    def __init__(self, name=None):
        self._clock = ctypes.c_void_p()
        page = None if name is None else os.fsencode(name)
        check(library.tearfree_clock_open(page, ctypes.byref(self._clock)))

    def close(self):
        """Ends the use of the clock."""
        library.tearfree_clock_close(self._clock)
        self._clock = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if getattr(self, "_clock", None):
            self.close()

    def now(self) -> int:
        """The time, like CLOCK_MONOTONIC. It never decreases, in whatever process."""
        return library.tearfree_clock_now(self._open())

    def coarse(self) -> int:
        """The time of the last tick, which is every 10 ms; never later than now."""
        return library.tearfree_clock_coarse(self._open())

    def realtime(self) -> int:
        """The time of day, like CLOCK_REALTIME: since 1970. Somebody may set it, also back."""
        return library.tearfree_clock_realtime(self._open())

    def now_bounded(self) -> Bounded:
        """The interval in which the host's CLOCK_MONOTONIC is now."""
        return _bounded(library.tearfree_clock_now_bounded(self._open()))

    def utc_bounded(self) -> Bounded:
        """The interval in which UTC is now, since 1970, as far as the kernel's NTP code knows."""
        return _bounded(library.tearfree_clock_utc_bounded(self._open()))

    @property
    def status(self) -> str:
        """How it stands to the host's clock: "synchronised", "free running" (the timekeeper is dead,
        late or has only begun), "disrupted" (there was a jump) or "unknown"."""
        return _name_of(library.tearfree_clock_status(self._open()))

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

    def _open(self):
        if not self._clock:
            raise ValueError("the clock is closed; open it again")
        return self._clock


def _wait(call, timeout) -> Optional[Bounded]:
    seen = Interval()
    happened = wait(lambda sleep: call(sleep, ctypes.byref(seen)), timeout)
    return _bounded(seen) if happened else None


def _bounded(told: Interval) -> Bounded:
    return Bounded(told.earliest, told.latest, _name_of(told.status))


def _name_of(status: int) -> str:
    return _STATUS.get(status, "unknown")
