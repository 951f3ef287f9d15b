# SPDX-License-Identifier: MIT OR Apache-2.0
"""Tests schemas and the bytes of values, without a page. Without numpy its tests are skipped."""

import struct
import sys
import unittest

from tearfree import _kinds, _layout, _schema

try:
    import numpy
except ImportError:
    numpy = None


def field(text):
    (parsed,) = _schema.parse_fields(text)
    return parsed


class Parsing(unittest.TestCase):
    def test_fields_follow_each_other_without_gaps(self):
        fields = _schema.parse_fields("a:u8 b:i16[3] c:u32 d:f64 e:u128[2] f:f32 g:i128")
        self.assertEqual([field.offset for field in fields], [0, 1, 7, 11, 19, 51, 55])
        self.assertEqual([field.count for field in fields], [None, 3, None, None, 2, None, None])

    def test_a_kind_of_a_later_version_is_an_error(self):
        for text in ["a:f16", "a:u8[", "a", "", "a:text", "a:text[0]", "a:f16{b=1}"]:
            with self.assertRaisesRegex(ValueError, "does not know"):
                _schema.parse_fields(text)


class Values(unittest.TestCase):
    def test_each_kind_is_unpacked_with_its_sign(self):
        largest = (2**127 - 1).to_bytes(16, sys.byteorder)
        for kind, bits in [(f"{sign}{bits}", bits) for sign in "iu" for bits in (8, 16, 32, 64, 128)]:
            ones = -1 if kind[0] == "i" else 2**bits - 1
            self.assertEqual(field(f"x:{kind}").unpack(b"\xff" * (bits // 8)), ones, kind)
        self.assertEqual(field("x:i128[2]").unpack(largest + b"\xff" * 16), [2**127 - 1, -1])

    def test_each_kind_holds_its_whole_range_and_no_more(self):
        for sign in "iu":
            for bits in (8, 16, 32, 64, 128):
                lowest, highest = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if sign == "i" else (0, 2**bits - 1)
                one, many = field(f"x:{sign}{bits}"), field(f"x:{sign}{bits}[2]")
                for number in (lowest, highest, 0):
                    self.assertEqual(one.unpack(one.pack(number)), number)
                self.assertEqual(many.unpack(many.pack((lowest, highest))), [lowest, highest])
                for number in (lowest - 1, highest + 1):
                    with self.assertRaisesRegex(ValueError, f"'x': {number} is not a {sign}{bits}; use"):
                        one.pack(number)
                    with self.assertRaisesRegex(ValueError, f"'x': {number} is not a {sign}{bits}; use"):
                        many.pack([0, number])

    def test_the_range_in_a_message_is_that_of_the_kind(self):
        self.assertEqual(_kinds.kind_of("i16").range, "-2**15 to 2**15 - 1")
        self.assertEqual(_kinds.kind_of("u128").range, "0 to 2**128 - 1")

    def test_floats_take_numbers_and_refuse_what_does_not_fit(self):
        self.assertEqual(field("x:f64").pack(3), struct.pack("=d", 3.0))
        with self.assertRaisesRegex(ValueError, "is not a f32"):
            field("x:f32").pack(1e300)

    def test_values_of_other_types_are_refused_by_name(self):
        for kind in ("u8", "i128", "f64"):
            for given in ("1", b"1", None, [1], {}):
                with self.assertRaisesRegex(TypeError, "field 'x'"):
                    field(f"x:{kind}").pack(given)
        for kind in ("u8", "u128"):
            with self.assertRaisesRegex(ValueError, "1.5 is not a"):
                field(f"x:{kind}").pack(1.5)

    def test_an_array_has_as_many_elements_as_its_field(self):
        for given in ([1], [1, 2, 3], range(0)):
            with self.assertRaisesRegex(ValueError, f"has 2 elements, not {len(given)}"):
                field("x:u8[2]").pack(given)
        for given in (1, "ab", None):
            with self.assertRaisesRegex(TypeError, "give a sequence of 2"):
                field("x:u8[2]").pack(given)

    def test_text_switches_names_and_later_kinds_are_packed_and_unpacked(self):
        schema = "on:bool state:i8{off=-1,idle=0}[2] name:text[4] names:text[2][2] id:uuid<3> all:bool[2]"
        layout = _layout.Layout(schema)
        self.assertEqual([field.offset for field in layout.fields], [0, 1, 3, 7, 11, 14])
        value = {
            "on": True,
            "state": ["off", "idle"],
            "name": "h\u00e9",
            "names": ["ab", ""],
            "id": b"xyz",
            "all": [False, True],
        }
        packed = b"\1\xff\0h\xc3\xa9\0ab\0\0xyz\0\1"
        self.assertEqual(layout.to_bytes(value, {}), packed)
        self.assertEqual(layout.unpack(packed), value)
        self.assertIs(layout.unpack(packed)["on"], True)
        formats = ["?", ("i1", (2,)), "S4", ("S2", (2,)), "V3", ("?", (2,))]
        self.assertEqual([field.numpy_format for field in layout.fields], formats)
        self.assertEqual(field("x:u8{idle=7}").pack(7), b"\7")

    def test_values_of_these_kinds_that_do_not_fit_are_refused(self):
        for kind, given, error in [
            ("bool", 2, ValueError),
            ("bool", "yes", TypeError),
            ("bool", None, TypeError),
            ("text[2]", "abc", ValueError),
            ("text[2]", "\u20ac", ValueError),
            ("text[2]", "a\0", ValueError),
            ("text[2]", "\udc80", ValueError),
            ("text[2]", b"a", TypeError),
            ("text[2]", 1, TypeError),
            ("u8{idle=0}", "busy", ValueError),
            ("u8{idle=0}", 1, ValueError),
            ("u8{idle=0}", None, TypeError),
            ("uuid<2>", b"a", ValueError),
            ("uuid<2>", "ab", TypeError),
        ]:
            with self.assertRaisesRegex(error, "field 'x': .* is not a", msg=(kind, given)):
                field(f"x:{kind}").pack(given)

    def test_invalid_bytes_name_their_field(self):
        for kind, value in [
            ("bool", b"\2"),
            ("u8{idle=0}", b"\1"),
            ("text[3]", b"a\0b"),
            ("text[3]", b"a\xff\0"),
        ]:
            with self.assertRaisesRegex(ValueError, "the field 'x' holds"):
                field(f"x:{kind}").unpack(value)

    def test_a_refused_value_leaves_the_others_unchanged(self):
        layout = _layout.Layout("a:u8 b:u8")
        value = bytearray(b"\x01\x02")
        for wrong in ({"a": 5, "b": 256}, {"a": 5, "c": 1}):
            with self.assertRaises(ValueError):
                layout.change(value, wrong)
        self.assertEqual(value, b"\x01\x02")
        layout.change(value, {"b": 9})
        self.assertEqual(value, b"\x01\x09")


class Texts(unittest.TestCase):
    def test_a_dict_of_kinds_is_a_schema(self):
        kinds = {"price": "f64", "history": "f32[4]"}
        self.assertEqual(_schema.schema_text(kinds), "price:f64 history:f32[4]")
        self.assertEqual(_schema.schema_text("price:f64"), "price:f64")

    @unittest.skipIf(numpy is None, "no numpy here")
    def test_a_dtype_is_a_schema(self):
        dtype = numpy.dtype([("a", "f8"), ("b", "u4"), ("c", "i2", (2, 1))])
        self.assertEqual(_schema.schema_text(dtype), "a:f64 b:u32 c:i16[2]")
        self.assertEqual(_schema.schema_text([("a", "f4"), ("b", "u1", 4)]), "a:f32 b:u8[4]")
        self.assertEqual(_schema.schema_text([("a", "?"), ("b", "S4", 2)]), "a:bool b:text[4][2]")
        backwards = numpy.dtype({"names": ["b", "a"], "formats": ["u4", "f4"], "offsets": [4, 0]})
        self.assertEqual(_schema.schema_text(backwards), "a:f32 b:u32")

    @unittest.skipIf(numpy is None, "no numpy here")
    def test_a_dtype_that_no_schema_has_is_refused(self):
        swapped = ">" if sys.byteorder == "little" else "<"
        for dtype, error, text in [
            (numpy.dtype("f8"), TypeError, "has no fields"),
            (numpy.dtype([("a", swapped + "f8")]), ValueError, "'a'.*byte order"),
            (numpy.dtype([("a", "c8")]), ValueError, "'a'.*complex64"),
            (numpy.dtype([("a", "f2")]), ValueError, "'a'.*float16"),
            (numpy.dtype([("a", [("b", "u1")])]), ValueError, "'a'"),
            (numpy.dtype([("a", "u1"), ("b", "u4")], align=True), ValueError, "gap before 'b'"),
            (numpy.dtype([("a", "u4"), ("b", "u1")], align=True), ValueError, "gap at the end"),
        ]:
            with self.assertRaisesRegex(error, text):
                _schema.schema_text(dtype)


if __name__ == "__main__":
    unittest.main()
