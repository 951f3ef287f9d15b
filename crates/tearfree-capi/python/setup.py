# SPDX-License-Identifier: MIT OR Apache-2.0
"""Builds the C library with cargo, and puts it into a wheel for this platform."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

REPOSITORY = Path(__file__).resolve().parents[3]


def version():
    manifest = (REPOSITORY / "Cargo.toml").read_text()
    return re.search(r'^version = "(.*)"$', manifest, re.MULTILINE)[1]


class BuildWithLibrary(build_py):
    def run(self):
        super().run()
        target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
        cargo = ["cargo", "build", "--locked", "--release", "--package", "tearfree-capi", "--lib"]
        environment = {**os.environ, "CARGO_TARGET_DIR": str(target)}
        subprocess.run(cargo, cwd=REPOSITORY, env=environment, check=True)
        library = Path(self.build_lib) / "tearfree" / "libtearfree.so"
        shutil.copyfile(target / "release" / "libtearfree_capi.so", library)


class PlatformWheel(bdist_wheel):
    def finalize_options(self):
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self):
        # Any Python 3: the library does not use its C API.
        return "py3", "none", super().get_tag()[2]


setup(version=version(), cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": PlatformWheel})
