# SPDX-License-Identifier: MIT OR Apache-2.0
"""Followers, in Python and between Python and C. Usage: test_follower.py TEARFREE [TEST...]

TEARFREE is not used. The installed module is imported, and follow.c is compiled with the library that it loaded.
"""

import asyncio
import importlib.util
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

import tearfree
from tearfree import Follower, Writer

HERE = Path(__file__).resolve().parent
SCHEMA = "number:u64 copy:u64"
# In seconds: what happens later than this does not happen.
WATCHDOG = 60


def create(path, number, **options):
    return Writer.create(path, SCHEMA, {"number": number, "copy": number}, wakes=True, replace=True, **options)


class WithPath:
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.path = self.folder / "page"

    def change_page(self, write):
        """Has `write` publish ten numbers at a time, in pages that are continued, replaced, removed and renamed."""
        write(1)
        write(11)
        Writer.create(self.path, "other:u8", replace=True).close()
        write(21)
        shutil.rmtree(self.path)
        write(31)
        self.path.rename(self.path.with_name("old"))
        write(41)


class Following(WithPath, unittest.TestCase):
    def test_a_page_that_comes_later_is_read_and_each_event_is_reported_once(self):
        with Follower(self.path) as follower:
            with self.assertRaises(tearfree.MissingError):
                follower.read()
            self.assertIsInstance(follower.problem, tearfree.MissingError)
            self.assertEqual((follower.schema, follower.fields), ("", []))
            self.assertIsNone(follower.wait(0))
            with create(self.path, 1, lifetime=1e-9) as writer:
                self.assertEqual(follower.wait(WATCHDOG), "changed")
                self.assertEqual(follower.read().value, {"number": 1, "copy": 1})
                self.assertIsNone(follower.problem)
                self.assertEqual(follower.wait(WATCHDOG), "stale")
                self.assertEqual(follower.read().freshness, "stale")
                writer.set(number=2, copy=2)
                self.assertEqual(follower.wait(WATCHDOG), "changed")
            events = {follower.wait(WATCHDOG) for _ in range(2)}
            self.assertEqual(events, {"stale", "ended"})
            self.assertIsNone(follower.wait(0))
            shutil.rmtree(self.path)
            self.assertEqual(follower.wait(WATCHDOG), "gone")
            self.assertEqual(follower.read().value, {"number": 2, "copy": 2})
            with create(self.path, 3):
                while follower.wait(WATCHDOG) != "replaced":
                    pass
                self.assertEqual(follower.read().value["number"], 3)

    def test_an_earlier_page_that_is_put_back_is_not_read(self):
        with create(self.path, 1):
            pass
        self.path.rename(self.folder / "old")
        with create(self.path, 2), Follower(self.path) as follower:
            self.assertEqual(follower.read().value["number"], 2)
            shutil.rmtree(self.path)
            (self.folder / "old").rename(self.path)
            while follower.wait(WATCHDOG) != "gone":
                pass
            self.assertEqual(follower.read().value["number"], 2)
            self.assertIn("older", str(follower.problem))

    def test_a_page_of_another_schema_is_read_by_that_unless_one_was_given(self):
        with create(self.path, 1):
            pass
        with Follower(self.path) as any_schema, Follower(self.path, SCHEMA) as one_schema:
            self.assertEqual(any_schema.read().value, one_schema.read().value)
            with Writer.create(self.path, "a:u8", {"a": 7}, replace=True):
                while any_schema.wait(WATCHDOG) != "replaced":
                    pass
                self.assertEqual((any_schema.read().value, any_schema.schema), ({"a": 7}, "a:u8"))
                while one_schema.wait(WATCHDOG) != "gone":
                    pass
                self.assertEqual(one_schema.read().value["number"], 1)
                self.assertIsInstance(one_schema.problem, tearfree.SchemaError)
            # The same size, and other fields.
            with Writer.create(self.path, "b:i8", {"b": -1}, replace=True):
                while any_schema.wait(WATCHDOG) != "replaced":
                    pass
                self.assertEqual(any_schema.read().value, {"b": -1})

    @unittest.skipIf(importlib.util.find_spec("numpy") is None, "no numpy here")
    def test_a_value_is_read_as_an_array(self):
        with create(self.path, 7), Follower(self.path, owner="any") as follower:
            array = follower.read_array().value
            self.assertEqual((array["number"], array.dtype), (7, follower.dtype))

    def test_a_descriptor_is_readable_at_an_event_and_not_before(self):
        with Follower(self.path) as follower:
            file = follower.fileno()
            self.assertIsNone(follower.wait(0))
            self.assertEqual(select.select([follower], [], [], 0)[0], [])
            with create(self.path, 1) as writer:
                for number in range(2, 10):
                    self.assertEqual(select.select([file], [], [], WATCHDOG)[0], [file])
                    while follower.wait(0) is not None:
                        pass
                    self.assertEqual(follower.read().value["number"], number - 1)
                    self.assertEqual(select.select([file], [], [], 0)[0], [])
                    writer.set(number=number, copy=number)

    def test_a_closed_follower_and_invalid_names_are_errors(self):
        follower = Follower(self.path)
        follower.close()
        for call in (follower.read, follower.wait, follower.fileno, lambda: follower.problem):
            with self.assertRaisesRegex(ValueError, "the follower is closed"):
                call()
        for wrong in ({"name": "a b"}, {"name": self.path, "schema": "a"}, {"name": self.path, "owner": "+1"}):
            with self.assertRaises(tearfree.Error):
                Follower(**wrong)


class Changes(WithPath, unittest.IsolatedAsyncioTestCase):
    async def test_an_iteration_goes_over_all_pages_of_the_name(self):
        numbers = []

        def write(first):
            with create(self.path, first) as writer:
                for number in range(first + 1, first + 10):
                    writer.set(number=number, copy=number)
                # In the other thread the iteration goes on.
                while not numbers or numbers[-1] < first + 9:
                    seen.wait(0.01)

        seen = threading.Event()
        with Follower(self.path, SCHEMA) as follower:
            writing = asyncio.get_running_loop().run_in_executor(None, self.change_page, write)

            async def follow():
                async for reading in follower.changes():
                    self.assertEqual(reading.value["number"], reading.value["copy"])
                    numbers.append(reading.value["number"])
                    if numbers[-1] == 50:
                        return

            await asyncio.wait_for(follow(), WATCHDOG)
            await writing
        self.assertEqual(numbers, sorted(numbers))

    async def test_a_cancelled_iteration_loses_nothing_and_other_tasks_run(self):
        with create(self.path, 1) as writer, Follower(self.path) as follower:
            changes = follower.changes()
            self.assertEqual((await changes.__anext__()).value["number"], 1)
            waiting = asyncio.ensure_future(changes.__anext__())
            await asyncio.sleep(0.01)
            self.assertFalse(waiting.done())
            waiting.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await waiting
            writer.set(number=2, copy=2)
            # The second one begins with a value that was reported already.
            for _ in range(2):
                again = follower.changes()
                reading = await asyncio.wait_for(again.__anext__(), WATCHDOG)
                self.assertEqual(reading.value["number"], 2)
                await again.aclose()


class BesideC(WithPath, unittest.TestCase):
    def setUp(self):
        super().setUp()
        with open("/proc/self/maps") as maps:
            library = next(line.split()[-1] for line in maps if "libtearfree" in line)
        (self.folder / "libtearfree.so.0").symlink_to(library)
        self.program = self.folder / "follow"
        include = ["-I", HERE.parents[1] / "include"]
        link = [self.folder / "libtearfree.so.0", f"-Wl,-rpath,{self.folder}"]
        warnings = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror"]
        subprocess.run(["cc", *warnings, *include, HERE / "follow.c", "-o", self.program, *link], check=True)

    def test_c_follows_what_python_writes(self):
        command = [self.program, "follow", self.path, "50"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as following:
            self.assertEqual(following.stdout.readline(), "ready\n")

            def write(first):
                with create(self.path, first) as writer:
                    for number in range(first + 1, first + 10):
                        writer.set(number=number, copy=number)

            self.change_page(write)
            self.assertEqual(following.wait(WATCHDOG), 0)

    def test_python_follows_what_c_writes(self):
        def write(first):
            subprocess.run([self.program, "publish", self.path, str(first), str(first + 9)], check=True)

        newest = 0
        with Follower(self.path, SCHEMA) as follower:
            writing = threading.Thread(target=self.change_page, args=(write,))
            writing.start()
            while newest < 50:
                self.assertIsNotNone(follower.wait(WATCHDOG))
                try:
                    value = follower.read().value
                except (tearfree.MissingError, tearfree.SchemaError):
                    continue  # for a moment there is no page, or one of another schema
                self.assertEqual(value["number"], value["copy"])
                self.assertGreaterEqual(value["number"], newest)
                newest = value["number"]
            writing.join()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
