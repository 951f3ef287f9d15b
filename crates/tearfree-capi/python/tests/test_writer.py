# SPDX-License-Identifier: MIT OR Apache-2.0
"""Python writes pages, and Rust and Python read them. Usage: test_writer.py TEARFREE [TEST...]

TEARFREE is the command. The installed module is imported. Without numpy its tests are skipped.
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import tearfree
from tearfree import Page, Writer

try:
    import numpy
except ImportError:
    numpy = None

TEARFREE = sys.argv[1]
SCHEMA = "price:f64 qty:u64 wide:i128 small:u8 signs:i8[7] history:f32[2]"
VALUES = {"price": 1.5, "qty": 7, "wide": -3, "small": 255, "signs": [-1, 2, 3, 4, 5, 6, -7], "history": [0.5, 0.25]}
ZEROS = {"price": 0.0, "qty": 0, "wide": 0, "small": 0, "signs": [0] * 7, "history": [0.0, 0.0]}


def integer(value):
    is_integer = isinstance(value, str) and value.removeprefix("-").isdigit()
    return int(value) if is_integer else value


class TestWithPage(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "page"

    def read_by_rust(self):
        command = [TEARFREE, "page", "get", "--json", str(self.path)]
        read = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        # Integers of 64 bits and more are strings there.
        fields = {name: integer(value) for name, value in read["fields"].items()}
        return {**read, "fields": fields, "generation": integer(read["generation"])}

    def assertValue(self, value, generation):
        """Checks what Rust and Python read."""
        read = self.read_by_rust()
        self.assertEqual((read["fields"], read["generation"]), (value, generation))
        with Page(self.path) as page:
            self.assertEqual(page.read()[:2], (value, generation))


class Creating(TestWithPage):
    def test_a_new_page_has_its_first_value_and_then_what_is_set(self):
        with Writer.create(self.path, SCHEMA, VALUES) as writer:
            self.assertValue(VALUES, 0)
            other = {**VALUES, "qty": 2**64 - 1, "wide": -(2**53)}
            writer.set(other)
            self.assertValue(other, 1)
            writer.set(**VALUES)
            self.assertValue(VALUES, 2)
            self.assertEqual((writer.get(), writer.generation), (VALUES, 2))
            self.assertEqual(self.read_by_rust()["writer"]["state"], "live")
        self.assertEqual(self.read_by_rust()["writer"]["state"], "ended")

    def test_a_page_without_values_has_zeros_or_what_it_had(self):
        with Writer.create(self.path, SCHEMA) as writer:
            self.assertValue(ZEROS, 0)
            writer.set(VALUES)
        with Writer.create(self.path, SCHEMA) as writer:
            self.assertEqual(writer.get(), VALUES)
        with Page(self.path) as page:
            self.assertEqual(page.read().value, VALUES)

    def test_a_schema_is_also_a_dict_of_kinds(self):
        kinds = {"price": "f64", "history": "f32[2]"}
        with Writer.create(self.path, kinds, {"price": 1, "history": (2, 3)}) as writer:
            self.assertEqual(writer.schema, "price:f64 history:f32[2]")
            self.assertEqual([field.name for field in writer.fields], ["price", "history"])
            self.assertValue({"price": 1.0, "history": [2.0, 3.0]}, 0)

    def test_another_schema_is_refused_unless_the_page_may_be_replaced(self):
        Writer.create(self.path, "a:u8", {"a": 1}).close()
        with self.assertRaises(tearfree.SchemaError):
            Writer.create(self.path, "b:u8", {"b": 2})
        self.assertEqual(self.read_by_rust()["fields"], {"a": 1})
        with Page(self.path) as page:
            Writer.create(self.path, "b:u8", {"b": 2}, replace=True).close()
            self.assertEqual(page.read().writer, "superseded")
        self.assertEqual(self.read_by_rust()["fields"], {"b": 2})

    def test_an_invalid_schema_is_an_error_of_the_library(self):
        for schema in ["a:u7", "a", "", "a:u8 b:f64", "a:u8[0]", {"a b": "u8"}, {}]:
            for values in (None, b"a"):
                with self.assertRaises(tearfree.SchemaError, msg=schema) as caught:
                    Writer.create(self.path, schema, values)
                self.assertEqual(caught.exception.number, 11)
        self.assertFalse(self.path.exists())

    def test_an_invalid_name_is_an_error(self):
        with self.assertRaisesRegex(tearfree.Error, "invalid page name 'a b'") as caught:
            Writer.create("a b", "a:u8")
        self.assertEqual(caught.exception.number, 4)
        with self.assertRaises(ValueError):
            Writer.create("a\0b", "a:u8")
        with self.assertRaises(ValueError):
            Page("a\0b")
        with self.assertRaises(ValueError):
            Writer.create(self.path, "a:u8\0 b:u8")

    def test_a_private_page_has_its_permissions(self):
        with Writer.create(self.path, "a:u8", private=True):
            self.assertEqual((self.path / "page").stat().st_mode & 0o777, 0o600)
        with Writer.create(self.path, "a:u8", mode=0o640):
            self.assertEqual((self.path / "page").stat().st_mode & 0o777, 0o640)

    def test_a_promise_is_kept_by_publications_and_touches(self):
        with Writer.create(self.path, "a:u8", lifetime=1000.0) as writer:
            with Page(self.path) as page:
                reading = page.read()
                self.assertEqual(reading.freshness, "fresh")
                # Less than two minutes passed, even on a busy machine.
                self.assertTrue(880 < reading.left <= 1000, reading)
                writer.touch()
                self.assertEqual((page.read().freshness, page.generation), ("fresh", 0))
        for lifetime in (-1, float("nan"), float("inf"), 2**80):
            with self.assertRaisesRegex(ValueError, "lifetime"):
                Writer.take_over(self.path, lifetime=lifetime)

    def test_waiters_are_woken(self):
        with Writer.create(self.path, "a:u8", wakes=True) as writer, Page(self.path) as page:
            self.assertTrue(self.read_by_rust()["wakes"])
            writer.set(a=1)
            self.assertTrue(page.wait(0, timeout=60))


class Publishing(TestWithPage):
    def test_an_update_changes_only_its_fields(self):
        with Writer.create(self.path, SCHEMA, VALUES) as writer:
            writer.update(qty=8)
            self.assertValue({**VALUES, "qty": 8}, 1)
            writer.update({"small": 1}, price=-0.5)
            self.assertValue({**VALUES, "qty": 8, "small": 1, "price": -0.5}, 2)
            writer["signs"] = range(7)
            self.assertEqual((writer["signs"], writer["qty"]), ([0, 1, 2, 3, 4, 5, 6], 8))
            self.assertEqual(writer.generation, 3)

    def test_what_is_refused_is_not_published(self):
        with Writer.create(self.path, SCHEMA, VALUES) as writer:
            for error, text, call in [
                (ValueError, "no value for qty, wide", lambda: writer.set(price=1, small=1, signs=[0] * 7, history=[0, 0])),
                (ValueError, "no field 'cost'; it has price", lambda: writer.set(VALUES, cost=1)),
                (ValueError, "no field 'cost'; it has price", lambda: writer.update(price=2, cost=1)),
                (ValueError, "no field 'cost'; it has price", lambda: writer["cost"]),
                (ValueError, "'small': 256 is not a u8; use", lambda: writer.update(price=2, small=256)),
                (TypeError, "'price': 'x' is not a f64", lambda: writer.update(qty=1, price="x")),
                (ValueError, "has 7 elements, not 2", lambda: writer.update(signs=[1, 2])),
                (tearfree.Error, "5 bytes", lambda: writer.set(b"short")),
                (TypeError, "not both", lambda: writer.set(bytes(48), price=1)),
                (TypeError, "", lambda: writer.set(7)),
                (ValueError, "no value for price", lambda: writer.set()),
            ]:
                with self.assertRaisesRegex(error, text):
                    call()
            self.assertValue(VALUES, 0)

    def test_fields_may_have_the_names_of_parameters(self):
        with Writer.create(self.path, "self:u8 values:u8 fields:u8") as writer:
            writer.set(self=1, values=2, fields=3)
            writer.update(self=4, values=5)
            self.assertValue({"self": 4, "values": 5, "fields": 3}, 2)

    def test_text_switches_and_names_are_published(self):
        kinds = {"on": "bool", "name": "text[8]", "state": "u8{idle=0,busy=1}"}
        value = {"on": True, "name": "h\u00e9", "state": "busy"}
        with Writer.create(self.path, kinds, value) as writer:
            self.assertValue(value, 0)
            writer.update(name="a name", on=False)
            self.assertValue({"on": False, "name": "a name", "state": "busy"}, 1)
            for wrong in (b"\2" + bytes(9), b"\0" * 9 + b"\2"):
                with self.assertRaises(tearfree.Error):
                    writer.set(wrong)
            self.assertEqual(writer.generation, 1)

    def test_bytes_are_published_as_they_are(self):
        with Writer.create(self.path, "a:u8[4]", b"abcd") as writer:
            self.assertValue({"a": list(b"abcd")}, 0)
            for value in (b"efgh", bytearray(b"ijkl"), memoryview(b"m.n.o.p.")[::2]):
                writer.set(value)
                self.assertEqual(self.read_by_rust()["fields"]["a"], list(bytes(value)))

    @unittest.skipIf(numpy is None, "no numpy here")
    def test_a_structured_array_is_published_as_it_is(self):
        dtype = numpy.dtype([("price", "f8"), ("history", "f4", (2, 2))])
        first = numpy.array((1.5, [[1, 2], [3, 4]]), dtype=dtype)
        with Writer.create(self.path, dtype, first) as writer:
            self.assertEqual(writer.schema, "price:f64 history:f32[4]")
            self.assertValue({"price": 1.5, "history": [1.0, 2.0, 3.0, 4.0]}, 0)
            first["price"] = 2.5
            for given in (first, first.reshape(1), first.reshape(1)[0], first.astype(writer.dtype.descr)):
                writer.update(price=0)
                writer.set(given)
                self.assertEqual(writer["price"], 2.5)
            writer.update(history=numpy.arange(4, dtype="f4"), price=numpy.float32(0.5))
            self.assertEqual(writer.get(), {"price": 0.5, "history": [0.0, 1.0, 2.0, 3.0]})
            swapped = numpy.zeros((), dtype=[("history", "f4", 4), ("price", "f8")])
            for wrong in (swapped, numpy.zeros(2, dtype)):
                with self.assertRaisesRegex(ValueError, "the array has"):
                    writer.set(wrong)

    @unittest.skipIf(numpy is None, "no numpy here")
    def test_a_value_is_read_into_an_array_that_is_there(self):
        with Writer.create(self.path, SCHEMA, VALUES) as writer, Page(self.path) as page:
            array = numpy.zeros(1, page.dtype)
            self.assertIs(page.read_into(array).value, array)
            self.assertEqual((array["qty"][0], array["signs"][0].tolist()), (7, VALUES["signs"]))
            writer.set(array)
            self.assertValue(VALUES, 1)
            for wrong in (numpy.zeros(2, page.dtype), numpy.zeros(1, "u1")):
                with self.assertRaisesRegex(ValueError, "the buffer has"):
                    page.read_into(wrong)
            array.flags.writeable = False
            with self.assertRaises((TypeError, ValueError)):
                page.read_into(array)

    def test_a_value_is_read_into_any_buffer(self):
        with Writer.create(self.path, "a:u8[4]", b"abcd"), Page(self.path) as page:
            buffer = bytearray(6)
            page.read_into(memoryview(buffer)[1:5])
            self.assertEqual(buffer, b"\0abcd\0")
            for wrong in (b"abcd", bytearray(3), bytearray(5), memoryview(bytearray(8))[::2]):
                with self.assertRaises((TypeError, ValueError)):
                    page.read_into(wrong)


class Succeeding(TestWithPage):
    def test_a_page_with_a_writer_is_busy(self):
        with Writer.create(self.path, "a:u8", {"a": 1}):
            for second in (Writer.create, Writer.take_over):
                with self.assertRaisesRegex(tearfree.BusyError, "writer"):
                    second(self.path, "a:u8")
        with Writer.take_over(self.path) as writer:
            self.assertEqual(writer.get(), {"a": 1})

    def test_a_writer_that_has_lost_its_page_publishes_nothing(self):
        with Writer.create(self.path, "a:u8", {"a": 1}) as first:
            (self.path / "lock").unlink()
            with Writer.take_over(self.path) as second:
                for publish in (lambda: first.set(a=2), lambda: first.update(a=2), first.touch):
                    with self.assertRaisesRegex(tearfree.LostError, "lost its page"):
                        publish()
                second.set(a=3)
            self.assertEqual(self.read_by_rust()["fields"], {"a": 3})

    def test_a_page_is_taken_over_with_its_value(self):
        with self.assertRaises(tearfree.MissingError):
            Writer.take_over(self.path)
        Writer.create(self.path, SCHEMA, VALUES).close()
        with self.assertRaises(tearfree.SchemaError):
            Writer.take_over(self.path, "a:u8")
        with Writer.take_over(self.path, SCHEMA) as writer:
            self.assertEqual(writer.get(), VALUES)
            writer.update(qty=9)
        self.assertEqual(self.read_by_rust()["fields"]["qty"], 9)
        self.assertGreaterEqual(self.read_by_rust()["writer"]["takeovers"], 1)

    def test_rust_takes_over_from_python_and_python_from_rust(self):
        Writer.create(self.path, SCHEMA, VALUES).close()
        command = [TEARFREE, "page", "set", str(self.path), "qty=11"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with Writer.take_over(self.path) as writer:
            self.assertEqual(writer.get(), {**VALUES, "qty": 11})
            refused = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.assertNotEqual(refused.returncode, 0)

    def test_a_poller_learns_that_its_page_was_replaced(self):
        writer = Writer.create(self.path, "a:u8", {"a": 1}, wakes=True)
        with Page(self.path) as page:
            self.assertEqual((page.read().value, page.read().writer), ({"a": 1}, "live"))
            writer.close()
            self.assertEqual(page.read().writer, "ended")
            # Other options: the service was restarted with another configuration.
            with Writer.create(self.path, "a:u8", {"a": 50}) as writer:
                writer.set(a=51)
                reading = page.read()
                self.assertEqual((reading.value, reading.writer), ({"a": 1}, "superseded"))
                with self.assertRaises(tearfree.SupersededError):
                    page.wait(reading.generation, timeout=60)
                with Page(self.path) as new:
                    self.assertEqual((new.read().value, new.read().writer), ({"a": 51}, "live"))

    def test_a_closed_writer_does_not_write(self):
        writer = Writer.create(self.path, "a:u8", {"a": 1})
        writer.close()
        writer.close()
        for call in (lambda: writer.set(a=2), lambda: writer["a"], writer.get, writer.touch):
            with self.assertRaisesRegex(ValueError, "closed"):
                call()
        with self.assertRaises(ZeroDivisionError), Writer.take_over(self.path):
            raise ZeroDivisionError
        Writer.take_over(self.path).close()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
