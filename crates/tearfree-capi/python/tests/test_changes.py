# SPDX-License-Identifier: MIT OR Apache-2.0
"""`async for` over the changes of a page. Usage: test_changes.py TEARFREE [TEST...]

TEARFREE is the command. The installed module is imported.
"""

import asyncio
import gc
import logging
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

import tearfree
from tearfree import Page, Writer

TEARFREE = sys.argv[1]
logging.getLogger("asyncio").setLevel(logging.ERROR)
# In seconds: what happens later than this does not happen.
WATCHDOG = 60


def threads_of_changes():
    return [thread for thread in threading.enumerate() if thread.name == "tearfree changes"]


class Changes(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "page"

    async def next_of(self, changes):
        return await asyncio.wait_for(changes.__anext__(), WATCHDOG)

    async def assertThreadsEnd(self):
        end = time.monotonic() + WATCHDOG
        while threads_of_changes() and time.monotonic() < end:
            await asyncio.sleep(0.01)
        self.assertEqual(threads_of_changes(), [])

    async def test_the_newest_value_comes_first_and_then_each_change(self):
        for wakes in (False, True):
            with Writer.create(self.path, "a:u32", {"a": 1}, wakes=wakes) as writer, Page(self.path) as page:
                changes = page.changes()
                first = await self.next_of(changes)
                self.assertEqual(first.value, {"a": 1})
                for number in range(2, 30):
                    waiting = asyncio.ensure_future(self.next_of(changes))
                    # Sometimes the thread sleeps already when the value is published.
                    await asyncio.sleep(0.002 * (number % 3))
                    writer.set(a=number)
                    reading = await waiting
                    self.assertEqual(reading.value, {"a": number})
                await changes.aclose()
        await self.assertThreadsEnd()

    async def test_a_generation_that_was_seen_is_not_given_again(self):
        with Writer.create(self.path, "a:u32", {"a": 1}) as writer, Page(self.path) as page:
            changes = page.changes(seen=page.generation)
            waiting = asyncio.ensure_future(self.next_of(changes))
            done, _ = await asyncio.wait([waiting], timeout=0.05)
            self.assertFalse(done)
            writer.set(a=2)
            self.assertEqual((await waiting).value, {"a": 2})
            # A generation of before is a change at once.
            self.assertEqual((await self.next_of(page.changes(seen=0))).value, {"a": 2})

    async def test_a_slow_consumer_gets_the_newest_value_and_never_an_older_one(self):
        program = """if True:
            import sys, tearfree
            with tearfree.Writer.create(sys.argv[1], "a:u64 b:u64", wakes=True) as writer:
                print("ready", flush=True)
                number = 0
                while number < 20000:
                    number += 1
                    writer.set(a=number, b=number)
            print(number)
        """
        command = [sys.executable, "-c", program, str(self.path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            self.assertEqual(process.stdout.readline(), "ready\n")
            with Page(self.path) as page:
                seen, changes, writer = [], page.changes(), "live"
                while writer == "live":
                    reading = await self.next_of(changes)
                    self.assertEqual(reading.value["a"], reading.value["b"])
                    seen.append(reading.generation)
                    writer = reading.writer
                    await asyncio.sleep(0.001)
            self.assertEqual(int(process.stdout.read()), seen[-1])
        self.assertEqual(seen, sorted(seen))

    async def test_other_tasks_run_beside_a_page_that_never_rests(self):
        with Writer.create(self.path, "a:u32", wakes=True) as writer, Page(self.path) as page:

            async def follow():
                async for _ in page.changes():
                    writer.set(a=1)

            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(follow(), 0.1)
            self.assertGreater(page.generation, 1)
        await self.assertThreadsEnd()

    async def test_the_end_of_the_writer_is_a_change_and_not_the_last_one(self):
        for wakes in (False, True):
            writer = Writer.create(self.path, "a:u32", {"a": 1}, wakes=wakes)
            with Page(self.path) as page:
                changes = page.changes()
                self.assertEqual((await self.next_of(changes)).writer, "live")
                writer.close()
                reading = await self.next_of(changes)
                self.assertEqual((reading.value, reading.writer), ({"a": 1}, "ended"))
                with Writer.take_over(self.path) as writer:
                    writer.set(a=2)
                    reading = await self.next_of(changes)
                    while reading.value != {"a": 2}:
                        reading = await self.next_of(changes)
                    self.assertEqual(reading.writer, "live")

    async def test_a_superseded_page_is_the_last_change(self):
        for wakes in (False, True):
            Writer.create(self.path, "a:u32", {"a": 1}, wakes=wakes, replace=True).close()
            with Page(self.path) as page:
                changes = page.changes()
                self.assertEqual((await self.next_of(changes)).writer, "ended")
                waiting = asyncio.ensure_future(self.next_of(changes))
                await asyncio.sleep(0.01)
                command = [TEARFREE, "page", "create", "--replace", str(self.path), "b:u32"]
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
                reading = await waiting
                self.assertEqual((reading.value, reading.writer), ({"a": 1}, "superseded"))
                with self.assertRaises(StopAsyncIteration):
                    await self.next_of(changes)
                # The page is superseded already.
                self.assertEqual([r.writer async for r in page.changes()], ["superseded"])

    async def test_a_value_that_turns_stale_is_a_change_and_so_is_its_successor(self):
        with Writer.create(self.path, "a:u32", {"a": 1}, lifetime=0.1) as writer, Page(self.path) as page:
            changes = page.changes()
            reading = await self.next_of(changes)
            while reading.freshness == "fresh":
                reading = await self.next_of(changes)
            self.assertEqual((reading.value, reading.freshness), ({"a": 1}, "stale"))
            writer.set(a=2)
            self.assertEqual((await self.next_of(changes)).value, {"a": 2})

    async def test_a_wait_for_a_stale_value_sleeps(self):
        with Writer.create(self.path, "a:u32", {"a": 1}, lifetime=1e-9) as writer, Page(self.path) as page:
            changes = page.changes()
            self.assertEqual((await self.next_of(changes)).freshness, "stale")
            waiting = asyncio.ensure_future(self.next_of(changes))
            with mock.patch.object(Page, "read", autospec=True, side_effect=Page.read) as read:
                # On a busy machine it takes a while until the thread waits.
                for _ in range(100):
                    read.reset_mock()
                    await asyncio.sleep(0.3)
                    if not read.called:
                        break
                self.assertFalse(read.called, "it polls")
            self.assertFalse(waiting.done())
            writer.set(a=2)
            self.assertEqual((await waiting).value, {"a": 2})

    async def test_a_promise_that_is_renewed_is_no_change(self):
        with Writer.create(self.path, "a:u32", lifetime=1000) as writer, Page(self.path) as page:
            changes = page.changes()
            await self.next_of(changes)
            waiting = asyncio.ensure_future(self.next_of(changes))
            for _ in range(20):
                writer.touch()
                await asyncio.sleep(0.001)
            self.assertFalse(waiting.done())
            writer.set(a=1)
            self.assertEqual((await waiting).value, {"a": 1})

    async def test_a_cancelled_wait_loses_nothing(self):
        with Writer.create(self.path, "a:u32", wakes=True) as writer, Page(self.path) as page:
            changes = page.changes()
            await self.next_of(changes)
            waiting = asyncio.ensure_future(changes.__anext__())
            await asyncio.sleep(0.01)
            waiting.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await waiting
            await self.assertThreadsEnd()
            writer.set(a=1)
            # The cancelled iteration has ended; another one continues where it was.
            async for reading in page.changes(seen=0):
                self.assertEqual(reading.value, {"a": 1})
                break
        gc.collect()
        await self.assertThreadsEnd()

    async def test_a_page_that_is_closed_ends_its_iterations_by_an_error(self):
        with Writer.create(self.path, "a:u32"):
            page = Page(self.path)
            changes = page.changes()
            await self.next_of(changes)
            waiting = asyncio.ensure_future(self.next_of(changes))
            await asyncio.sleep(0.01)
            page.close()
            with self.assertRaisesRegex(ValueError, "closed"):
                await waiting
        await self.assertThreadsEnd()

    async def test_many_iterations_wait_at_once(self):
        with Writer.create(self.path, "a:u32", wakes=True) as writer, Page(self.path) as page:
            iterations = [page.changes(seen=0) for _ in range(50)]
            waiting = [asyncio.ensure_future(self.next_of(changes)) for changes in iterations]
            await asyncio.sleep(0.01)
            writer.set(a=1)
            for reading in await asyncio.gather(*waiting):
                self.assertEqual(reading.value, {"a": 1})
            for changes in iterations:
                await changes.aclose()
        await self.assertThreadsEnd()


class Loops(unittest.TestCase):
    def test_an_event_loop_that_ends_in_the_middle_leaves_no_thread(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "page"
            with Writer.create(path, "a:u32"), Page(path) as page:

                async def leave():
                    changes = page.changes()
                    await changes.__anext__()
                    asyncio.ensure_future(changes.__anext__())
                    await asyncio.sleep(0.01)

                asyncio.run(leave())
                # A loop that is closed without the end of its tasks.
                loop = asyncio.new_event_loop()
                loop.run_until_complete(leave())
                tasks = asyncio.all_tasks(loop)
                loop.close()
                for task in tasks:
                    task._log_destroy_pending = False
                del tasks, task, loop
                end = time.monotonic() + WATCHDOG
                while threads_of_changes() and time.monotonic() < end:
                    gc.collect()
                    time.sleep(0.01)
                self.assertEqual(threads_of_changes(), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
