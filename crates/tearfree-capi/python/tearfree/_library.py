# SPDX-License-Identifier: MIT OR Apache-2.0
"""The C library: from the wheel, or else the installed one. Mirrors tearfree.h."""

from __future__ import annotations

import ctypes
import os
import time
from ctypes import POINTER, c_char_p, c_int, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from pathlib import Path
from typing import Any, Callable, NoReturn, Optional, TypeVar, Union

from ._errors import error_from

#: The name of a page, or its path if it contains a "/".
PageName = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]

Self = TypeVar("Self", bound="Handle")

TIMED_OUT = 17
SUPERSEDED = 18
# How long a wait sleeps before Python checks for Ctrl-C, in seconds.
_LONGEST_SLEEP = 0.1


class _Pointer(c_void_p):
    """A pointer of the C library, which is freed with the last reference to it.

    A call holds a reference, so that a thread that closes the object does not free it under another thread.
    """

    free: Optional[Callable[[c_void_p], None]] = None

    def __del__(self) -> None:
        if self.free is not None and self:
            self.free(self)


def c_string(text: Union[str, bytes, os.PathLike[str], os.PathLike[bytes]]) -> bytes:
    """A name, a schema, ... as C has it, where a null byte would end it."""
    encoded = os.fsencode(text)
    if b"\0" in encoded:
        raise ValueError(f"{text!r} has an embedded null byte")
    return encoded


class Handle:
    """A page or clock of the C library. Any thread may use it, and close it meanwhile."""

    def __init__(self, kind: str, open_into: Callable[[Any], int], free: Callable[[c_void_p], None]):
        self._kind = kind
        pointer = _Pointer()
        check(open_into(ctypes.byref(pointer)))
        pointer.free = free
        self._pointer: Optional[_Pointer] = pointer

    def close(self) -> None:
        """Ends the use of the page or clock, as soon as no thread is in a call."""
        self._pointer = None

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {self._kind} cannot be pickled; open it by its name in the other process")

    def _open(self) -> _Pointer:
        pointer = self._pointer
        if not pointer:
            raise ValueError(f"the {self._kind} is closed; open it again")
        return pointer


class PageReading(ctypes.Structure):
    """struct tearfree_reading"""

    _fields_ = [
        ("generation", c_uint64),
        ("published_ns", c_uint64),
        ("valid_until", c_uint64),
        ("writer", c_int),
        ("reserved", c_uint32 * 5),
    ]


class PageWatch(ctypes.Structure):
    """struct tearfree_watch"""

    _fields_ = [
        ("generation", c_uint64),
        ("writer", c_int),
        ("is_stale", c_int),
        ("stale_generation", c_uint64),
        ("stale_until", c_uint64),
        ("reserved", c_uint64 * 2),
    ]


class PageOptions(ctypes.Structure):
    """struct tearfree_page_options"""

    _fields_ = [("size", c_size_t), ("owner", c_char_p)]


class WriterOptions(ctypes.Structure):
    """struct tearfree_writer_options"""

    _fields_ = [
        ("size", c_size_t),
        ("lifetime_ns", c_uint64),
        ("mode", c_uint32),
        ("flags", c_uint32),
    ]


class ClockInterval(ctypes.Structure):
    """struct tearfree_bounded"""

    _fields_ = [("earliest", c_uint64), ("latest", c_uint64), ("status", c_int)]


_CALLS: dict[str, tuple[Any, list[Any]]] = {
    "tearfree_last_error": (c_char_p, []),
    "tearfree_error_text": (c_char_p, [c_int]),
    "tearfree_page_open_with": (c_int, [c_char_p, c_char_p, POINTER(PageOptions), POINTER(c_void_p)]),
    "tearfree_page_close": (None, [c_void_p]),
    "tearfree_page_schema": (c_char_p, [c_void_p]),
    "tearfree_page_size": (c_size_t, [c_void_p]),
    "tearfree_page_generation": (c_uint64, [c_void_p]),
    "tearfree_page_read": (c_int, [c_void_p, c_void_p, c_size_t, POINTER(PageReading)]),
    "tearfree_page_wait": (c_int, [c_void_p, c_uint64, c_int64]),
    "tearfree_page_wait_event": (
        c_int,
        [c_void_p, POINTER(PageWatch), c_int64, POINTER(c_int)],
    ),
    "tearfree_follower_open": (c_int, [c_char_p, c_char_p, POINTER(PageOptions), POINTER(c_void_p)]),
    "tearfree_follower_close": (None, [c_void_p]),
    "tearfree_follower_read": (c_int, [c_void_p, c_void_p, c_size_t, POINTER(PageReading)]),
    "tearfree_follower_wait": (c_int, [c_void_p, c_int64, POINTER(c_int)]),
    "tearfree_follower_descriptor": (c_int, [c_void_p, POINTER(c_int)]),
    "tearfree_follower_problem": (c_int, [c_void_p]),
    "tearfree_follower_schema": (c_char_p, [c_void_p]),
    "tearfree_follower_size": (c_size_t, [c_void_p]),
    "tearfree_reading_age": (c_uint64, [POINTER(PageReading)]),
    "tearfree_reading_freshness": (c_int, [POINTER(PageReading), POINTER(c_uint64)]),
    "tearfree_writer_create": (
        c_int,
        [c_char_p, c_char_p, c_void_p, c_size_t, POINTER(WriterOptions), POINTER(c_void_p)],
    ),
    "tearfree_writer_take_over": (
        c_int,
        [c_char_p, c_char_p, POINTER(WriterOptions), POINTER(c_void_p)],
    ),
    "tearfree_writer_set": (c_int, [c_void_p, c_void_p, c_size_t]),
    "tearfree_writer_get": (c_int, [c_void_p, c_void_p, c_size_t]),
    "tearfree_writer_touch": (c_int, [c_void_p]),
    "tearfree_process_number": (c_uint64, []),
    "tearfree_writer_generation": (c_uint64, [c_void_p]),
    "tearfree_writer_schema": (c_char_p, [c_void_p]),
    "tearfree_writer_close": (None, [c_void_p]),
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


def _load() -> ctypes.CDLL:
    in_wheel = Path(__file__).with_name("libtearfree.so")
    loaded = ctypes.CDLL(str(in_wheel) if in_wheel.exists() else "libtearfree.so.0")
    for name, (result, arguments) in _CALLS.items():
        call = getattr(loaded, name)
        call.restype, call.argtypes = result, arguments
    return loaded


library = _load()


def check(number: int) -> None:
    """Raises the error of a failed call."""
    if number != 0:
        raise error_from(number, library.tearfree_last_error().decode(errors="replace"))


def wait(sleep: Callable[[int], int], timeout: Optional[float]) -> bool:
    """Calls `sleep`, with nanoseconds, until it does not time out; False after `timeout` seconds."""
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        left = _LONGEST_SLEEP if deadline is None else deadline - time.monotonic()
        number = sleep(int(max(0.0, min(left, _LONGEST_SLEEP)) * 1e9))
        if number != TIMED_OUT:
            check(number)
            return True
        if left <= 0:
            return False
