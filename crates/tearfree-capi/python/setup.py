# SPDX-License-Identifier: MIT OR Apache-2.0
"""Builds the C library with cargo, and puts it into a wheel for this platform.

A source distribution contains the Rust crates below `rust/`, as in the repository, with their Cargo.lock: it builds where
there is no repository. The crates of others are not in it; cargo downloads those that Cargo.lock names by their checksum.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = Path(__file__).resolve().parent
PACKED = HERE / "rust"
# In an unpacked source distribution, or in the repository.
REPOSITORY = PACKED if PACKED.is_dir() else HERE.parents[2]
CRATES = ["tearfree", "tearfree-page", "tearfree-clock", "tearfree-capi"]


def manifest():
    return (REPOSITORY / "Cargo.toml").read_text()


def version():
    return re.search(r'^version = "(.*)"$', manifest(), re.MULTILINE)[1]


class BuildWithLibrary(build_py):
    def run(self):
        super().run()
        target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
        cargo = ["cargo", "build", "--locked", "--release", "--package", "tearfree-capi", "--lib"]
        environment = {**os.environ, "CARGO_TARGET_DIR": str(target)}
        subprocess.run(cargo, cwd=REPOSITORY, env=environment, check=True)
        library = Path(self.build_lib) / "tearfree" / "libtearfree.so"
        shutil.copyfile(target / "release" / "libtearfree_capi.so", library)
        subprocess.run([os.environ.get("STRIP", "strip"), "--strip-unneeded", str(library)], check=True)


class SourceWithCrates(sdist):
    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        packed = Path(base_dir) / "rust"
        packed.mkdir()
        for name in ["Cargo.lock", "LICENSE-MIT", "LICENSE-APACHE"]:
            shutil.copyfile(REPOSITORY / name, packed / name)
        members = re.compile(r"^(default-)?members = .*$", re.MULTILINE)
        listed = members.sub(lambda line: "" if line[1] else 'members = ["crates/*"]', manifest())
        (packed / "Cargo.toml").write_text(listed)
        for crate in CRATES:
            self.copy_crate(REPOSITORY / "crates" / crate, packed / "crates" / crate)
        # Removes from Cargo.lock what only the other crates of the repository need. Versions stay.
        subprocess.run(["cargo", "update", "--quiet", "--workspace", "--offline"], cwd=packed, check=True)

    @staticmethod
    def copy_crate(source, copy):
        # The files that its package on a registry has, and no others: some examples have other licences.
        listing = ["cargo", "package", "--list", "--allow-dirty", "--offline"]
        listed = subprocess.run(listing, cwd=source, check=True, stdout=subprocess.PIPE, text=True)
        for name in listed.stdout.splitlines():
            # Others are written by `cargo package` itself.
            if (source / name).is_file() and name != "Cargo.lock":
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source / name, copy / name)


class WithLibrary(Distribution):
    def has_ext_modules(self):
        # The library belongs to a machine: into the directory for such modules.
        return True


class PlatformWheel(bdist_wheel):
    def get_tag(self):
        # Any Python 3: the library does not use its C API.
        return "py3", "none", super().get_tag()[2]


setup(
    version=version(),
    distclass=WithLibrary,
    cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": PlatformWheel, "sdist": SourceWithCrates},
)
