# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writers in Python among threads, forked children, signals and ends of processes.

Usage: test_processes.py TEARFREE [TEST...]. TEARFREE is not used. The installed module is imported.
"""

import faulthandler
import gc
import multiprocessing
import os
import pickle
import signal
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

# A crash shows the test in which it happened.
faulthandler.enable()


def exit_code_of_child(run):
    """Forks, runs `run` in the child, and returns its exit code: 0 if nothing was raised."""
    child = os.fork()
    if child == 0:
        try:
            # A deadlock ends the child, and fails its test.
            signal.alarm(60)
            run()
            os._exit(0)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class TestWithPage(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "page"

    def state(self):
        with Page(self.path) as page:
            return page.read().writer

    def run_program(self, program, **options):
        """Runs a program in Python in a process of its own, with the path as its argument."""
        command = [sys.executable, "-c", program, str(self.path)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)


class Threads(TestWithPage):
    def setUp(self):
        super().setUp()
        # Threads take turns in the middle of each call.
        self.addCleanup(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(1e-6)

    def test_no_update_of_a_thread_is_lost(self):
        threads, rounds = 4, 500
        begin = threading.Barrier(threads)
        schema = " ".join(f"t{number}:u32" for number in range(threads))
        failures = []
        with Writer.create(self.path, schema) as writer, Page(self.path) as page:

            def count(name):
                try:
                    begin.wait(60)
                    for _ in range(rounds):
                        writer[name] = page.read().value[name] + 1
                except BaseException as failure:
                    failures.append(failure)

            counting = [threading.Thread(target=count, args=(field.name,)) for field in writer.fields]
            for thread in counting:
                thread.start()
            for thread in counting:
                thread.join()
            self.assertEqual(failures, [])
            self.assertEqual(set(writer.get().values()), {rounds})
            self.assertEqual(writer.generation, threads * rounds)

    def test_sets_of_threads_are_never_mixed(self):
        fields = [f"f{number}" for number in range(64)]
        ends = threading.Event()
        with Writer.create(self.path, {name: "u64" for name in fields}) as writer, Page(self.path) as page:

            def publish(number):
                while not ends.is_set():
                    writer.set(dict.fromkeys(fields, number))

            publishing = [threading.Thread(target=publish, args=(number,)) for number in range(3)]
            for thread in publishing:
                thread.start()
            try:
                seen = 0
                for _ in range(200):
                    self.assertTrue(page.wait(seen, timeout=60))
                    reading = page.read()
                    self.assertEqual(len(set(reading.value.values())), 1, reading)
                    self.assertGreater(reading.generation, seen)
                    seen = reading.generation
            finally:
                ends.set()
                for thread in publishing:
                    thread.join()

    def test_a_writer_may_be_closed_beside_a_thread_that_writes(self):
        for _ in range(20):
            writer = Writer.create(self.path, "a:u64")
            ended = []

            def publish():
                try:
                    while True:
                        writer.set(a=1)
                except ValueError as closed:
                    ended.append(closed)

            thread = threading.Thread(target=publish)
            thread.start()
            writer.close()
            thread.join()
            self.assertRegex(str(ended[0]), "closed")
            self.assertEqual(self.state(), "ended")

    def test_a_page_may_be_closed_beside_a_thread_that_reads_or_waits(self):
        with Writer.create(self.path, "a:u64[512]"):
            for call in (Page.read, lambda page: page.wait(page.generation)):
                page = Page(self.path)
                ended = []

                def read():
                    try:
                        while True:
                            call(page)
                    except ValueError as closed:
                        ended.append(closed)

                thread = threading.Thread(target=read)
                thread.start()
                page.close()
                thread.join()
                self.assertRegex(str(ended[0]), "closed")


class Forks(TestWithPage):
    def test_a_forked_child_cannot_write(self):
        with Writer.create(self.path, "a:u8", {"a": 1}) as writer, Page(self.path) as page:

            def child():
                calls = [lambda: writer.set(a=2), lambda: writer.update(a=2), writer.touch, writer.get]
                for call in calls:
                    try:
                        call()
                    except tearfree.ForkedError as error:
                        assert error.number == 24 and "forked child" in str(error), error
                    else:
                        raise AssertionError("the child wrote")
                assert page.read().value == {"a": 1}
                writer.close()
                assert page.read().writer == "live"

            self.assertEqual(exit_code_of_child(child), 0)
            writer.set(a=3)
            self.assertEqual(page.read()[:2], ({"a": 3}, 1))

    def test_a_child_with_the_process_id_of_its_parent_cannot_write(self):
        # As in a PID namespace of its own, where both can be process 1.
        with mock.patch("os.getpid", return_value=1):
            with Writer.create(self.path, "a:u8", {"a": 1}) as writer:

                def child():
                    right = writer._right
                    # As a thread of the parent may hold it, which the child does not have.
                    right._lock = mock.MagicMock()
                    right._lock.__enter__.side_effect = AssertionError("the lock of the parent")
                    with self.assertRaises(tearfree.ForkedError):
                        writer.set(a=2)
                    writer.close()

                self.assertEqual(exit_code_of_child(child), 0)
                writer.set(a=3)
                self.assertEqual(writer.get(), {"a": 3})

    def test_a_child_that_deletes_its_parents_writer_or_exits_ends_nothing(self):
        program = """if True:
            import gc, os, sys, tearfree
            writer = tearfree.Writer.create(sys.argv[1], "a:u8", {"a": 1})
            if os.fork() == 0:
                if os.fork() == 0:
                    del writer
                    gc.collect()
                else:
                    os.wait()
                sys.exit()
            os.wait()
            writer.set(a=2)
            with tearfree.Page(sys.argv[1]) as page:
                print(page.read().writer, page.read().value["a"], flush=True)
            try:
                tearfree.Writer.take_over(sys.argv[1])
            except tearfree.BusyError:
                print("busy", flush=True)
        """
        with self.run_program(program) as parent:
            self.assertEqual(parent.stdout.read(), "live 2\nbusy\n")
        self.assertEqual(parent.returncode, 0)

    def test_a_child_forked_in_the_middle_of_a_call_of_another_thread_gets_an_error(self):
        ends = threading.Event()
        with Writer.create(self.path, "a:u8[65536]") as writer:

            def publish():
                while not ends.is_set():
                    writer.update(a=bytearray(65536))

            def child():
                try:
                    writer.set(bytes(65536))
                except tearfree.ForkedError:
                    writer.close()
                else:
                    raise AssertionError("the child wrote")

            thread = threading.Thread(target=publish)
            thread.start()
            try:
                for _ in range(20):
                    self.assertEqual(exit_code_of_child(child), 0)
            finally:
                ends.set()
                thread.join()

    def test_a_writer_of_multiprocessing_is_an_error_and_not_a_second_writer(self):
        with Writer.create(self.path, "a:u8", {"a": 1}) as writer, Page(self.path) as page:
            for thing in (writer, page):
                with self.assertRaisesRegex(TypeError, "cannot be pickled"):
                    pickle.dumps(thing)
            with multiprocessing.get_context("fork").Pool(1) as pool:
                with self.assertRaisesRegex(TypeError, "cannot be pickled"):
                    pool.apply(writer.set, kwds={"a": 2})
            error = tearfree.BusyError(22, "busy")
            copy = pickle.loads(pickle.dumps(error))
            self.assertEqual((type(copy), copy.number, str(copy)), (tearfree.BusyError, 22, "busy"))

    def test_a_child_may_write_its_own_page(self):
        with Writer.create(self.path, "a:u8", {"a": 1}):
            other = self.path.with_name("other")

            def child():
                with Writer.create(other, "b:u8") as writer:
                    writer.set(b=7)
                # It is forked from the writer of the other page only.
                try:
                    Writer.take_over(self.path)
                except tearfree.BusyError:
                    return
                raise AssertionError("the child took over from its parent")

            self.assertEqual(exit_code_of_child(child), 0)
            with Page(other) as page:
                self.assertEqual((page.read().value, page.read().writer), ({"b": 7}, "ended"))


class Ends(TestWithPage):
    CREATE = "import sys, tearfree; writer = tearfree.Writer.create(sys.argv[1], 'a:u8', {'a': 1}); "

    def test_a_deleted_writer_has_ended(self):
        writer = Writer.create(self.path, "a:u8")
        self.assertEqual(self.state(), "live")
        del writer
        gc.collect()
        self.assertEqual(self.state(), "ended")

    def test_a_writer_in_a_cycle_has_ended_after_a_collection(self):
        cycle = [Writer.create(self.path, "a:u8")]
        cycle.append(cycle)
        del cycle
        gc.collect()
        self.assertEqual(self.state(), "ended")

    def test_the_end_of_the_interpreter_ends_its_writers(self):
        hold = "tearfree.holds = writer; "
        for ending in ["pass", "sys.exit(0)", "raise SystemExit(0)"]:
            with self.run_program(self.CREATE + hold + ending) as process:
                pass
            self.assertEqual((process.returncode, self.state()), (0, "ended"))

    def test_the_interpreter_ends_beside_threads_that_write_and_read(self):
        program = self.CREATE + """if True:
            import threading
            page = tearfree.Page(sys.argv[1])
            def run(call):
                while True:
                    call()
            for call in (lambda: writer.set(a=2), page.read, lambda: page.wait(page.generation)):
                threading.Thread(target=run, args=(call,), daemon=True).start()
            page.wait(0)
        """
        program = program.replace("; if True:", "\nif True:")
        for _ in range(5):
            with self.run_program(program, stderr=subprocess.PIPE) as process:
                errors = process.stderr.read()
            self.assertEqual((process.returncode, self.state()), (0, "ended"), errors)

    def test_a_killed_writer_leaves_its_value_to_a_successor(self):
        program = self.CREATE + "print('ready', flush=True); sys.stdin.read()"
        with self.run_program(program, stdin=subprocess.PIPE) as process:
            self.assertEqual(process.stdout.readline(), "ready\n")
            with self.assertRaisesRegex(tearfree.BusyError, str(process.pid)):
                Writer.take_over(self.path)
            process.kill()
        self.assertEqual(self.state(), "live")
        with Writer.take_over(self.path) as writer:
            self.assertEqual(writer.get(), {"a": 1})


class Signals(TestWithPage):
    def test_a_handler_that_interrupts_its_writer_gets_an_error_or_publishes(self):
        outcomes = {"published": 0, "refused": 0}
        handling = []
        with Writer.create(self.path, "a:u64 b:u64") as writer:

            def handle(*_):
                if handling:
                    return
                handling.append(True)
                try:
                    writer.update(b=writer["b"] + 1)
                    outcomes["published"] += 1
                except RuntimeError as error:
                    assert "signal handler" in str(error), error
                    outcomes["refused"] += 1
                handling.clear()

            before = signal.signal(signal.SIGALRM, handle)
            self.addCleanup(signal.signal, signal.SIGALRM, before)
            signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
            self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
            end, rounds = time.monotonic() + 60, 0
            while not (outcomes["refused"] and outcomes["published"]) and time.monotonic() < end:
                rounds += 1
                writer.update(a=rounds)
            signal.setitimer(signal.ITIMER_REAL, 0)
            self.assertTrue(outcomes["refused"] and outcomes["published"], outcomes)
            self.assertEqual(writer.get(), {"a": rounds, "b": outcomes["published"]})

    def test_a_handler_may_close_the_writer_that_it_interrupts(self):
        for _ in range(50):
            writer = Writer.create(self.path, "a:u64")
            before = signal.signal(signal.SIGALRM, lambda *_: writer.close())
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0005)
                with self.assertRaisesRegex(ValueError, "closed"):
                    while True:
                        writer.update(a=1)
            finally:
                signal.signal(signal.SIGALRM, before)
            self.assertEqual(self.state(), "ended")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
