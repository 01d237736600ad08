# SPDX-License-Identifier: Apache-2.0
"""The wheel holds compiled libraries but nothing for one version of Python, which pyproject.toml cannot say."""

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel


class LibraryWheel(bdist_wheel):
    """A wheel for every Python 3 on Linux with the C library the libraries need; tests/test_wheel.py compares."""

    def get_tag(self):
        return "py3", "none", "manylinux_2_35_x86_64"


setup(cmdclass={"bdist_wheel": LibraryWheel})
