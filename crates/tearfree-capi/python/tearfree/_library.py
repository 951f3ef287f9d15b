# SPDX-License-Identifier: MIT OR Apache-2.0
"""The C library: the one in the wheel, or else the one that is installed. Mirrors tearfree.h."""

import ctypes
import time
from ctypes import POINTER, c_char_p, c_int, c_int64, c_size_t, c_uint64, c_void_p
from pathlib import Path

_TIMED_OUT = 17
# How long a wait sleeps before Python may look for Ctrl-C, in seconds.
_LONGEST_SLEEP = 0.1


class Error(Exception):
    """What happened, and what to do next; `number` is one of tearfree.h."""

    def __init__(self, number: int, text: str):
        super().__init__(text)
        self.number = number


class Told(ctypes.Structure):
    """struct tearfree_reading"""

    _fields_ = [
        ("generation", c_uint64),
        ("ns", c_uint64),
        ("freshness", c_int),
        ("writer", c_int),
    ]


class Interval(ctypes.Structure):
    """struct tearfree_bounded"""

    _fields_ = [("earliest", c_uint64), ("latest", c_uint64), ("status", c_int)]


_CALLS = {
    "tearfree_last_error": (c_char_p, []),
    "tearfree_page_open": (c_int, [c_char_p, c_char_p, POINTER(c_void_p)]),
    "tearfree_page_close": (None, [c_void_p]),
    "tearfree_page_schema": (c_char_p, [c_void_p]),
    "tearfree_page_size": (c_size_t, [c_void_p]),
    "tearfree_page_generation": (c_uint64, [c_void_p]),
    "tearfree_page_read": (c_int, [c_void_p, c_void_p, c_size_t, POINTER(Told)]),
    "tearfree_page_wait": (c_int, [c_void_p, c_uint64, c_int64]),
    "tearfree_clock_open": (c_int, [c_char_p, POINTER(c_void_p)]),
    "tearfree_clock_close": (None, [c_void_p]),
    "tearfree_clock_now": (c_uint64, [c_void_p]),
    "tearfree_clock_coarse": (c_uint64, [c_void_p]),
    "tearfree_clock_realtime": (c_uint64, [c_void_p]),
    "tearfree_clock_now_bounded": (Interval, [c_void_p]),
    "tearfree_clock_utc_bounded": (Interval, [c_void_p]),
    "tearfree_clock_status": (c_int, [c_void_p]),
    "tearfree_clock_wait_until_past": (c_int, [c_void_p, c_uint64, c_int64, POINTER(Interval)]),
    "tearfree_clock_wait_until_past_utc": (c_int, [c_void_p, c_uint64, c_int64, POINTER(Interval)]),
    "tearfree_clock_wait_synchronised": (c_int, [c_void_p, c_int64, POINTER(Interval)]),
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
    """Raises what a call said, if it failed."""
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
