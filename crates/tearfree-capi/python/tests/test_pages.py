# SPDX-License-Identifier: MIT OR Apache-2.0
"""Python beside Rust on one page. Usage: test_pages.py TEARFREE WRITE_PAGE [TEST...]

TEARFREE is the command; WRITE_PAGE is an example that publishes without pause. The installed module is
imported. Without numpy its tests are skipped, and the run says so.
"""

import grp
import os
import pwd
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import tearfree

try:
    import numpy
except ImportError:
    numpy = None

TEARFREE, WRITE_PAGE = sys.argv[1:3]
SCHEMA = "price:f64 qty:u64 wide:i128 small:u8 signs:i8[7] history:f32[2]"
VALUES = ["price=1.5", "qty=7", "wide=-3", "small=255", "signs=-1,2,3,4,5,6,-7", "history=0.5,0.25"]


def command(*arguments):
    subprocess.run([TEARFREE, "page", *arguments], check=True, stdout=subprocess.DEVNULL)


class Pages(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "page"

    def create(self):
        command("create", str(self.path), *SCHEMA.split(" "))
        command("set", str(self.path), *VALUES)

    def test_a_value_comes_as_a_dict(self):
        self.create()
        with tearfree.Page(self.path, schema=SCHEMA) as page:
            reading = page.read()
        self.assertEqual(
            reading.value,
            {
                "price": 1.5,
                "qty": 7,
                "wide": -3,
                "small": 255,
                "signs": [-1, 2, 3, 4, 5, 6, -7],
                "history": [0.5, 0.25],
            },
        )
        self.assertEqual(reading.generation, 1)
        self.assertEqual((reading.freshness, reading.writer), ("unpromised", "ended"))

    @unittest.skipIf(numpy is None, "no numpy here")
    def test_a_value_comes_as_a_structured_array(self):
        self.create()
        with tearfree.Page(self.path) as page:
            reading, dtype = page.read_array(), page.dtype
        self.assertEqual(reading.value.dtype, dtype)
        self.assertEqual(dtype.itemsize, 48)
        self.assertEqual((reading.value["price"], reading.value["small"]), (1.5, 255))
        self.assertEqual(reading.value["history"].tolist(), [0.5, 0.25])
        self.assertEqual(reading.value["wide"].tobytes(), (-3).to_bytes(16, sys.byteorder, signed=True))

    def test_no_value_is_torn_beside_a_busy_writer(self):
        writer = subprocess.Popen(
            [WRITE_PAGE, str(self.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        with writer:
            self.assertEqual(writer.stdout.readline(), "ready\n")
            with tearfree.Page(self.path) as page:
                readings = []
                for _ in range(200):
                    readings += [page.read() for _ in range(25)]
                    # On a busy machine the writer may be preempted.
                    self.assertTrue(page.wait(readings[-1].generation, timeout=60))
                writer.stdin.close()
                last = int(writer.stdout.readline())
                self.assertEqual(page.read().generation, last)
        self.assertEqual(writer.returncode, 0)
        for reading in readings:
            first = reading.generation * 8
            self.assertEqual(next(iter(reading.value.values())), list(range(first, first + 8)))
        generations = [reading.generation for reading in readings]
        self.assertEqual(generations, sorted(generations))
        self.assertGreaterEqual(len(set(generations)), 200)

    def test_a_wait_ends_with_a_change_or_with_its_time(self):
        self.create()
        with tearfree.Page(self.path) as page:
            seen = page.generation
            start = time.monotonic()
            self.assertFalse(page.wait(seen, timeout=0.25))
            self.assertGreaterEqual(time.monotonic() - start, 0.25)
            later = threading.Timer(0.2, command, ["set", str(self.path), "qty=8"])
            later.start()
            self.assertTrue(page.wait(seen, timeout=60))
            self.assertEqual(page.read().value["qty"], 8)
            later.join()

    def test_a_promise_is_fresh_for_its_time_and_then_stale(self):
        command("create", "--lifetime", "1000", str(self.path), "qty:u64")
        with tearfree.Page(self.path) as page:
            reading = page.read()
        self.assertEqual(reading.freshness, "fresh")
        # Less than two minutes passed since it was created, even on a busy machine.
        self.assertTrue(880 < reading.left <= 1000, reading)
        short = self.path.with_name("short")
        command("create", "--lifetime", "0.001", str(short), "qty:u64")
        time.sleep(0.05)
        with tearfree.Page(short) as page:
            reading = page.read()
        self.assertEqual(reading.freshness, "stale")
        self.assertTrue(-120 < reading.left < -0.04, reading)

    def test_a_value_has_an_age(self):
        before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        self.create()
        with tearfree.Page(self.path) as page:
            reading, later = page.read(), page.read()
            after = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
            self.assertTrue(before <= reading.published_ns <= after, reading)
            self.assertEqual(later.published_ns, reading.published_ns)
            self.assertEqual(later, reading)
            self.assertEqual((reading.freshness, reading.left), ("unpromised", None))
            now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
            self.assertTrue((after - reading.published_ns) / 1e9 <= reading.age <= reading.age)
            self.assertTrue((now - reading.published_ns) / 1e9 <= reading.age)
            self.assertLess(reading.age, (now - before) / 1e9 + 120)
            command("set", str(self.path), "qty=8")
            self.assertGreater(page.read().published_ns, reading.published_ns)

    def test_the_age_of_a_stamp_of_another_clock_is_unknown(self):
        self.create()
        with open(self.path / "page", "r+b") as file:
            for slot in (448, 448 + 64 + 64):
                file.seek(slot + 16)
                file.write(struct.pack("=Q", 1))
        with tearfree.Page(self.path) as page:
            reading = page.read()
        self.assertEqual((reading.age, reading.published_ns, reading.left), (None, None, None))

    def test_pages_of_trusted_owners_are_read(self):
        self.create()
        user = pwd.getpwuid(os.geteuid()).pw_name
        group = grp.getgrgid(os.getegid()).gr_name
        for trusted in (os.geteuid(), user, f"group:{group}", "any"):
            with tearfree.Page(self.path, owner=trusted) as page:
                self.assertEqual(page.read().value["qty"], 7)
        for unknown in ("no-such-user", "group:no-such-group"):
            with self.assertRaisesRegex(tearfree.Error, "no-such"):
                tearfree.Page(self.path, owner=unknown)

    def test_errors_say_what_to_do(self):
        with self.assertRaisesRegex(tearfree.Error, "there is no page at") as caught:
            tearfree.Page(self.path)
        self.assertEqual(caught.exception.number, 6)
        self.create()
        with self.assertRaisesRegex(tearfree.Error, "asked for:   qty:u64"):
            tearfree.Page(self.path, schema="qty:u64")
        page = tearfree.Page(self.path)
        page.close()
        with self.assertRaisesRegex(ValueError, "closed"):
            page.read()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
