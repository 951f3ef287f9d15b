# SPDX-License-Identifier: MIT OR Apache-2.0
"""Compares the module with tearfree.h and what that includes, which it mirrors: numbers, structs and functions."""

import ctypes
import re
import unittest
from pathlib import Path

from tearfree import _changes, _clock, _errors, _follower, _library, _reading, _writer

INCLUDE = Path(__file__).parents[2] / "include"
HEADERS = [INCLUDE / "tearfree.h", *sorted((INCLUDE / "tearfree").glob("*.h"))]
HEADER = "".join(header.read_text() for header in HEADERS)
TYPES = {
    "void": None,
    "int": ctypes.c_int,
    "int *": ctypes.POINTER(ctypes.c_int),
    "size_t": ctypes.c_size_t,
    "uint32_t": ctypes.c_uint32,
    "uint64_t": ctypes.c_uint64,
    "uint64_t *": ctypes.POINTER(ctypes.c_uint64),
    "int64_t": ctypes.c_int64,
    "const char *": ctypes.c_char_p,
    "struct tearfree_bounded": _library.ClockInterval,
    "struct tearfree_bounded *": ctypes.POINTER(_library.ClockInterval),
    "struct tearfree_reading *": ctypes.POINTER(_library.PageReading),
    "struct tearfree_watch *": ctypes.POINTER(_library.PageWatch),
    "struct tearfree_page_options *": ctypes.POINTER(_library.PageOptions),
    "struct tearfree_writer_options *": ctypes.POINTER(_library.WriterOptions),
    # Pages, followers, writers, clocks and values are opaque.
    "struct tearfree_follower *": ctypes.c_void_p,
    "struct tearfree_follower **": ctypes.POINTER(ctypes.c_void_p),
    "struct tearfree_page *": ctypes.c_void_p,
    "struct tearfree_writer *": ctypes.c_void_p,
    "struct tearfree_clock *": ctypes.c_void_p,
    "void *": ctypes.c_void_p,
    "struct tearfree_page **": ctypes.POINTER(ctypes.c_void_p),
    "struct tearfree_writer **": ctypes.POINTER(ctypes.c_void_p),
    "struct tearfree_clock **": ctypes.POINTER(ctypes.c_void_p),
}


def numbers(prefix, names):
    """The numbers of an enum of the header, by the module's names."""
    found = {name: int(n) for name, n in re.findall(r"\bTEARFREE_([A-Z_]+) = (\d+)", HEADER)}
    return {found[prefix + name.upper().replace(" ", "_")]: name for name in names}


def type_of(declaration):
    """The type in `const struct tearfree_page *page`."""
    text = re.fullmatch(r"\s*(.*?[\s*])\w*\s*", declaration, re.DOTALL).group(1).strip()
    return TYPES[text if text == "const char *" else text.removeprefix("const ")]


class Header(unittest.TestCase):
    def test_numbers_have_the_names_of_the_header(self):
        freshness = ["fresh", "stale", "unpromised", "unknown"]
        self.assertEqual(_reading._FRESHNESS, numbers("", freshness))
        self.assertEqual(_reading._WRITER, numbers("", ["live", "ended", "superseded"]))
        self.assertEqual(_follower._EVENTS, numbers("EVENT_", ["changed", "stale", "ended", "replaced", "gone"]))
        self.assertEqual({_changes._ENDED: "ended"}, numbers("", ["ended"]))
        status = ["unknown", "synchronised", "free running", "disrupted"]
        self.assertEqual(_clock._STATUS, numbers("CLOCK_", status))
        errors = {_library.TIMED_OUT: "timed out", _library.SUPERSEDED: "superseded"}
        errors |= {_errors.FORKED: "forked", _follower._SIZE: "size"}
        self.assertEqual(errors, numbers("ERROR_", errors.values()))
        self.assertEqual({_writer._WAKES: "wakes", _writer._REPLACE: "replace"}, numbers("", ["wakes", "replace"]))

    def test_structs_have_the_fields_of_the_header(self):
        structs = {
            "reading": _library.PageReading,
            "watch": _library.PageWatch,
            "page_options": _library.PageOptions,
            "writer_options": _library.WriterOptions,
            "bounded": _library.ClockInterval,
        }
        for name, struct in structs.items():
            body = re.search(rf"struct tearfree_{name} {{(.*?)^}};", HEADER, re.DOTALL | re.MULTILINE).group(1)
            fields = re.findall(r"^\t([\w ]+[ *])(\w+)(?:\[(\d+)\])?;", body, re.MULTILINE)
            types = [TYPES[kind.strip()] * int(count) if count else TYPES[kind.strip()] for kind, _, count in fields]
            self.assertEqual(struct._fields_, list(zip([name for _, name, _ in fields], types)))

    def test_functions_have_the_types_of_the_header(self):
        prototypes = re.findall(r"^([\w ]+[ *])(tearfree_\w+)\(([^)]*)\);", HEADER, re.MULTILINE)
        declared = {name: (result, arguments) for result, name, arguments in prototypes}
        for name, (result, arguments) in _library._CALLS.items():
            c_result, c_arguments = declared[name]
            self.assertEqual(result, TYPES[c_result.strip()], name)
            wanted = [] if c_arguments == "void" else [type_of(a) for a in c_arguments.split(",")]
            self.assertEqual(arguments, wanted, name)


if __name__ == "__main__":
    unittest.main()
