# SPDX-License-Identifier: Apache-2.0
"""The wheel: what is in it, and that it works where nothing else of Alula is."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

import alula
from alula import _library

PACKAGE = pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    pytest.importorskip("setuptools.command.bdist_wheel")
    if pathlib.Path(_library.library_path()).parent != PACKAGE / "alula/lib":
        pytest.skip("the library is not where the wheel takes it from")
    source, target = tmp_path_factory.mktemp("source") / "alula", tmp_path_factory.mktemp("wheel")
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("build", "dist", "*.egg-info", "__pycache__"))
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", target, source]
    subprocess.run(command, check=True)
    (made,) = target.glob("*.whl")
    return made


def test_the_wheel_holds_package_and_libraries(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in ("alula/__init__.py", "alula/py.typed", "alula/lib/libalula.so", "alula/lib/libcudart.so"):
        assert name in names
    assert not any(name.startswith("tests") for name in names)
    assert any(name.endswith("LICENSE.txt") for name in names)
    assert wheel.name.startswith(f"alula-{alula.__version__}-py3-none-manylinux")


@pytest.mark.skipif(shutil.which("readelf") is None, reason="needs readelf")
def test_the_wheel_says_which_c_library_it_needs(wheel):
    allowed = tuple(map(int, re.search(r"manylinux_(\d+)_(\d+)", wheel.name).groups()))
    for library in (PACKAGE / "alula/lib").glob("*.so"):
        text = subprocess.run(["readelf", "-VW", library], capture_output=True, text=True).stdout
        needed = {tuple(map(int, pair)) for pair in re.findall(r"GLIBC_(\d+)\.(\d+)", text)}
        assert max(needed) <= allowed, library.name


def test_the_wheel_works_alone(wheel, tmp_path):
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "-t", tmp_path, wheel], check=True
    )
    script = (
        "import alula, numpy, pathlib\n"
        "network = alula.Network()\n"
        "x = network.add_input('x', 'float32', (3,))\n"
        "network.mark_output(network.add('Relu', x, name='y'))\n"
        "engine = alula.Engine(alula.Builder(timing=False).build(network))\n"
        "print(engine.run({'x': numpy.float32([-1, 2, -3])})['y'].tolist(), pathlib.Path(alula.__file__).parents[1])\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ALULA_")}
    environment["PYTHONPATH"] = str(tmp_path)
    result = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert result.stdout == f"[0.0, 2.0, 0.0] {tmp_path}\n", result.stderr
