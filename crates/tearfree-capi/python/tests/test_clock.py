# SPDX-License-Identifier: MIT OR Apache-2.0
"""Python beside Rust on one clock. Usage: test_clock.py TEARFREE [TEST...]

TEARFREE is the command, which runs the timekeeper. The installed module is imported.
"""

import json
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import tearfree

TEARFREE = sys.argv[1]
MILLISECOND = 1_000_000


def middle(bounded):
    return (bounded.earliest + bounded.latest) // 2


class Clocks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "clock"

    def serve(self):
        serving = subprocess.Popen(
            [TEARFREE, "clock", "serve", "--page", str(self.path), "--json"],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(serving.stdout.close)
        self.addCleanup(serving.wait)
        self.addCleanup(serving.terminate)
        # It prints its first line after it has created the page.
        self.assertTrue(serving.stdout.readline())
        return serving

    def read_by_rust(self):
        command = [TEARFREE, "clock", "now", "--page", str(self.path), "--json"]
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)

    def test_what_python_reads_lies_between_two_reads_by_rust(self):
        self.serve()
        with tearfree.Clock(self.path) as clock:
            self.assertEqual(clock.wait_synchronised(timeout=60).status, "synchronised")
            before = self.read_by_rust()
            read = {
                "monotonic_ns": [clock.now(), middle(clock.now_bounded()), clock.now()],
                "coarse_ns": [clock.coarse()],
                "realtime_ns": [clock.realtime(), middle(clock.utc_bounded()), clock.realtime()],
            }
            after = self.read_by_rust()
        for name, times in read.items():
            times = [int(before[name]), *times, int(after[name])]
            self.assertEqual(times, sorted(times), name)
        self.assertLess(int(before["monotonic_ns"]), int(after["monotonic_ns"]))

    def test_the_bounds_contain_the_clock_of_the_host(self):
        self.serve()
        with tearfree.Clock(self.path) as clock:
            self.assertIsNotNone(clock.wait_synchronised(timeout=60))
            for _ in range(1000):
                before = time.monotonic_ns()
                bounded = clock.now_bounded()
                after = time.monotonic_ns()
                self.assertLessEqual(before, bounded.latest)
                self.assertLessEqual(bounded.earliest, after)
                self.assertLess(bounded.earliest, bounded.latest)

    def test_a_wait_ends_by_the_time_or_by_its_timeout(self):
        self.serve()
        with tearfree.Clock(self.path) as clock:
            goal = clock.now() + 250 * MILLISECOND
            self.assertGreater(clock.wait_until_past(goal, timeout=60).earliest, goal)
            self.assertGreater(time.monotonic_ns(), goal)
            self.assertIsNone(clock.wait_until_past(clock.now() + 10**15, timeout=0.15))
            self.assertIsNone(clock.wait_until_past_utc(clock.realtime() + 10**15, timeout=0.01))
            # UTC is certainly past a time before its interval.
            past = clock.utc_bounded().earliest - 1000 * MILLISECOND
            self.assertGreater(clock.wait_until_past_utc(past, timeout=60).earliest, past)

    def test_a_dead_timekeeper_leaves_a_clock_that_says_so(self):
        serving = self.serve()
        with tearfree.Clock(self.path) as clock:
            self.assertIsNotNone(clock.wait_synchronised(timeout=60))
            serving.kill()
            serving.wait()
            end = time.monotonic() + 60
            while clock.status == "synchronised" and time.monotonic() < end:
                time.sleep(0.1)
            self.assertEqual(clock.status, "free running")
            self.assertLess(clock.coarse(), clock.now())

    def test_errors_say_what_to_do(self):
        with self.assertRaisesRegex(tearfree.Error, "tearfree clock serve") as caught:
            tearfree.Clock(self.path)
        self.assertEqual(caught.exception.number, 6)
        subprocess.run(
            [TEARFREE, "page", "create", str(self.path), "qty:u64"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        with self.assertRaises(tearfree.Error) as caught:
            tearfree.Clock(self.path)
        self.assertEqual(caught.exception.number, 10)

    def test_a_closed_clock_is_not_read(self):
        self.serve()
        clock = tearfree.Clock(self.path)
        clock.close()
        with self.assertRaisesRegex(ValueError, "closed"):
            clock.now()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
