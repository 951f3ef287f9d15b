# SPDX-License-Identifier: MIT OR Apache-2.0
"""The C library: the one in the wheel, or else the one that is installed. Mirrors tearfree.h."""

import ctypes
from ctypes import POINTER, c_char_p, c_int, c_int64, c_size_t, c_uint64, c_void_p
from pathlib import Path


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


_CALLS = {
    "tearfree_last_error": (c_char_p, []),
    "tearfree_page_open": (c_int, [c_char_p, c_char_p, POINTER(c_void_p)]),
    "tearfree_page_close": (None, [c_void_p]),
    "tearfree_page_schema": (c_char_p, [c_void_p]),
    "tearfree_page_size": (c_size_t, [c_void_p]),
    "tearfree_page_generation": (c_uint64, [c_void_p]),
    "tearfree_page_read": (c_int, [c_void_p, c_void_p, c_size_t, POINTER(Told)]),
    "tearfree_page_wait": (c_int, [c_void_p, c_uint64, c_int64]),
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
