# SPDX-License-Identifier: MIT OR Apache-2.0
"""Compares the module with tearfree.h, which it mirrors: numbers, structs and functions."""

import ctypes
import re
import sys
import unittest
from pathlib import Path

import tearfree
from tearfree import _clock, _library, _schema

HEADER = (Path(__file__).parents[2] / "include" / "tearfree.h").read_text()
TYPES = {
    "void": None,
    "int": ctypes.c_int,
    "size_t": ctypes.c_size_t,
    "uint64_t": ctypes.c_uint64,
    "int64_t": ctypes.c_int64,
    "const char *": ctypes.c_char_p,
    "struct tearfree_bounded": _library.ClockInterval,
    "struct tearfree_bounded *": ctypes.POINTER(_library.ClockInterval),
    "struct tearfree_reading *": ctypes.POINTER(_library.PageReading),
    # Pages, clocks and values are opaque.
    "struct tearfree_page *": ctypes.c_void_p,
    "struct tearfree_clock *": ctypes.c_void_p,
    "void *": ctypes.c_void_p,
    "struct tearfree_page **": ctypes.POINTER(ctypes.c_void_p),
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
        self.assertEqual(tearfree._FRESHNESS, numbers("", freshness))
        self.assertEqual(tearfree._WRITER, numbers("", ["live", "ended", "superseded"]))
        status = ["unknown", "synchronised", "free running", "disrupted"]
        self.assertEqual(_clock._STATUS, numbers("CLOCK_", status))
        self.assertEqual({_library._TIMED_OUT: "timed out"}, numbers("ERROR_", ["timed out"]))

    def test_structs_have_the_fields_of_the_header(self):
        structs = {"reading": _library.PageReading, "bounded": _library.ClockInterval}
        for name, struct in structs.items():
            body = re.search(rf"struct tearfree_{name} {{(.*?)}};", HEADER, re.DOTALL).group(1)
            fields = re.findall(r"^\t(\w+) (\w+)(?:\[(\d+)\])?;", body, re.MULTILINE)
            types = [TYPES[kind] * int(count) if count else TYPES[kind] for kind, _, count in fields]
            self.assertEqual(struct._fields_, list(zip([name for _, name, _ in fields], types)))

    def test_functions_have_the_types_of_the_header(self):
        prototypes = re.findall(r"^([\w ]+[ *])(tearfree_\w+)\(([^)]*)\);", HEADER, re.MULTILINE)
        declared = {name: (result, arguments) for result, name, arguments in prototypes}
        for name, (result, arguments) in _library._CALLS.items():
            c_result, c_arguments = declared[name]
            self.assertEqual(result, TYPES[c_result.strip()], name)
            wanted = [] if c_arguments == "void" else [type_of(a) for a in c_arguments.split(",")]
            self.assertEqual(arguments, wanted, name)


class Schema(unittest.TestCase):
    def test_fields_follow_each_other_without_gaps(self):
        fields = _schema.parse_fields("a:u8 b:i16[3] c:u32 d:f64 e:u128[2] f:f32 g:i128")
        self.assertEqual([field.offset for field in fields], [0, 1, 7, 11, 19, 51, 55])
        self.assertEqual([field.count for field in fields], [None, 3, None, None, 2, None, None])

    def test_each_kind_is_unpacked_with_its_sign(self):
        largest = (2**127 - 1).to_bytes(16, sys.byteorder)
        for kind, bits in [(f"{sign}{bits}", bits) for sign in "iu" for bits in (8, 16, 32, 64, 128)]:
            (field,) = _schema.parse_fields(f"x:{kind}")
            ones = -1 if kind[0] == "i" else 2**bits - 1
            self.assertEqual(field.unpack(b"\xff" * (bits // 8)), ones, kind)
        (field,) = _schema.parse_fields("x:i128[2]")
        self.assertEqual(field.unpack(largest + b"\xff" * 16), [2**127 - 1, -1])

    def test_text_switches_and_names_are_unpacked(self):
        schema = "on:bool state:i8{off=-1,idle=0}[2] name:text[4] names:text[2][2] id:uuid<3> all:bool[2]"
        fields = _schema.parse_fields(schema)
        self.assertEqual([field.offset for field in fields], [0, 1, 3, 7, 11, 14])
        value = b"\1\xff\0h\xc3\xa9\0ab\0\0xyz\0\1"
        unpacked = [field.unpack(value) for field in fields]
        self.assertEqual(unpacked, [True, ["off", "idle"], "h\u00e9", ["ab", ""], b"xyz", [False, True]])
        self.assertIs(unpacked[0], True)
        formats = ["?", ("i1", (2,)), "S4", ("S2", (2,)), "V3", ("?", (2,))]
        self.assertEqual([field.numpy_format for field in fields], formats)

    def test_invalid_bytes_name_their_field(self):
        invalid = [("bool", b"\2"), ("u8{idle=0}", b"\1"), ("text[3]", b"a\0b"), ("text[3]", b"a\xff\0")]
        for kind, value in invalid:
            (field,) = _schema.parse_fields(f"x:{kind}")
            with self.assertRaisesRegex(ValueError, "the field 'x' holds"):
                field.unpack(value)


if __name__ == "__main__":
    unittest.main()
