# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs the examples of README.md on a page, in their order. Usage: test_readme.py TEARFREE [TEST...]

TEARFREE is the command. The installed module is imported. Without numpy the test is skipped.
"""

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TEARFREE = Path(sys.argv[1]).resolve()
README = (Path(__file__).parents[1] / "README.md").read_text()


class Readme(unittest.TestCase):
    @unittest.skipIf(importlib.util.find_spec("numpy") is None, "no numpy here")
    def test_the_examples_run(self):
        examples = re.findall(r"^```(python|sh)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
        examples = [(language, text) for language, text in examples if "quotes" in text]
        self.assertEqual([language for language, _ in examples], ["python", "sh", "python", "python", "python"])
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/quotes"
            outputs = [self.run_example(language, text, path) for language, text in examples]
        self.assertEqual(outputs[0], "")
        self.assertIn("99.75", outputs[1])
        self.assertRegex(outputs[2], r"^99\.75 3 stale \d+\.\d+\n$")
        self.assertEqual(outputs[3], "{'price': 99.75, 'qty': 4} stale\n")
        self.assertRegex(outputs[4], r"^{'price': 99.75, 'qty': 4}\n(stale|ended) None\n$")

    def run_example(self, language, text, path):
        text = text.replace('"quotes"', repr(path)).replace(" quotes ", f" {path} ")
        # The promise of two seconds is broken, so that the output is the same on every machine.
        text = text.replace("lifetime=2.0", "lifetime=1e-9")
        command = [sys.executable, "-c", text] if language == "python" else ["sh", "-ec", text]
        search = {**os.environ, "PATH": f"{TEARFREE.parent}:{os.environ['PATH']}"}
        result = subprocess.run(command, env=search, stdout=subprocess.PIPE, text=True)
        # The command says by its exit code that the value is stale.
        self.assertEqual(result.returncode, 0 if language == "python" else 3, text)
        return result.stdout


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
