# SPDX-License-Identifier: MIT OR Apache-2.0
"""The C library: from the wheel, or else the installed one. Mirrors tearfree.h."""

import ctypes
import time
from ctypes import POINTER, c_char_p, c_int, c_int64, c_size_t, c_uint64, c_void_p
from pathlib import Path

_TIMED_OUT = 17
# How long a wait sleeps before Python checks for Ctrl-C, in seconds.
_LONGEST_SLEEP = 0.1


class Error(Exception):
    """Says what happened and what to do; `number` is one of tearfree.h."""

    def __init__(self, number: int, text: str):
        super().__init__(text)
        self.number = number


class Handle:
    """A page or clock of the C library, which is closed once."""

    def __init__(self, close, kind: str):
        self._pointer = ctypes.c_void_p()
        self._close, self._kind = close, kind

    def close(self):
        """Ends the use of the page or clock."""
        self._close(self._pointer)
        self._pointer = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if getattr(self, "_pointer", None):
            self.close()

    def _open(self):
        if not self._pointer:
            raise ValueError(f"the {self._kind} is closed; open it again")
        return self._pointer


class PageReading(ctypes.Structure):
    """struct tearfree_reading"""

    _fields_ = [
        ("generation", c_uint64),
        ("ns", c_uint64),
        ("freshness", c_int),
        ("writer", c_int),
        ("published_ns", c_uint64),
        ("age_ns", c_uint64),
        ("reserved", c_uint64 * 3),
    ]


class ClockInterval(ctypes.Structure):
    """struct tearfree_bounded"""

    _fields_ = [("earliest", c_uint64), ("latest", c_uint64), ("status", c_int)]


_CALLS = {
    "tearfree_last_error": (c_char_p, []),
    "tearfree_page_open": (c_int, [c_char_p, c_char_p, POINTER(c_void_p)]),
    "tearfree_page_close": (None, [c_void_p]),
    "tearfree_page_schema": (c_char_p, [c_void_p]),
    "tearfree_page_size": (c_size_t, [c_void_p]),
    "tearfree_page_generation": (c_uint64, [c_void_p]),
    "tearfree_page_read": (c_int, [c_void_p, c_void_p, c_size_t, POINTER(PageReading)]),
    "tearfree_page_wait": (c_int, [c_void_p, c_uint64, c_int64]),
    "tearfree_clock_open": (c_int, [c_char_p, POINTER(c_void_p)]),
    "tearfree_clock_close": (None, [c_void_p]),
    "tearfree_clock_now": (c_uint64, [c_void_p]),
    "tearfree_clock_coarse": (c_uint64, [c_void_p]),
    "tearfree_clock_realtime": (c_uint64, [c_void_p]),
    "tearfree_clock_now_bounded": (ClockInterval, [c_void_p]),
    "tearfree_clock_utc_bounded": (ClockInterval, [c_void_p]),
    "tearfree_clock_status": (c_int, [c_void_p]),
    "tearfree_clock_wait_until_past": (c_int, [c_void_p, c_uint64, c_int64, POINTER(ClockInterval)]),
    "tearfree_clock_wait_until_past_utc": (c_int, [c_void_p, c_uint64, c_int64, POINTER(ClockInterval)]),
    "tearfree_clock_wait_synchronised": (c_int, [c_void_p, c_int64, POINTER(ClockInterval)]),
}


def _load():
    in_wheel = Path(__file__).with_name("libtearfree.so")
    loaded = ctypes.CDLL(str(in_wheel) if in_wheel.exists() else "libtearfree.so.0")
    for name, (result, arguments) in _CALLS.items():
        call = getattr(loaded, name)
        call.restype, call.argtypes = result, arguments
    return loaded


library = _load()


def check(number: int):
    """Raises the error of a failed call."""
    if number != 0:
        raise Error(number, library.tearfree_last_error().decode(errors="replace"))


def wait(sleep, timeout) -> bool:
    """Calls `sleep`, with nanoseconds, until it does not time out; False after `timeout` seconds."""
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        left = _LONGEST_SLEEP if deadline is None else deadline - time.monotonic()
        number = sleep(int(max(0.0, min(left, _LONGEST_SLEEP)) * 1e9))
        if number != _TIMED_OUT:
            check(number)
            return True
        if left <= 0:
            return False
