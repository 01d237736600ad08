# SPDX-License-Identifier: Apache-2.0
"""The library itself: what it needs, what it exports, and that this package reads the header as it is."""

import ctypes
import pathlib
import re
import shutil
import subprocess

import pytest

from alula import _library

ROOT = pathlib.Path(__file__).resolve().parents[3]
HEADER = ROOT / "Sources/CAlula/include/alula.h"


@pytest.fixture(scope="module")
def header():
    text = HEADER.read_text()
    return re.sub(r"//.*", "", text)


def test_every_function_is_bound_with_its_arguments(header):
    declared = {
        name: [argument.strip() for argument in arguments.split(",")]
        for name, arguments in re.findall(r"alula_status alula_(\w+)\(([^;]*)\);", header)
    }
    declared.pop("last_status")
    assert set(declared) == set(_library._FUNCTIONS)
    for name, arguments in declared.items():
        bound = _library._FUNCTIONS[name]
        assert len(arguments) == len(bound), name
        for argument, ctype in zip(arguments, bound):
            assert ctypes.sizeof(ctype) == _width(argument, header), f"{name}: {argument}"


def _width(argument, header):
    words = argument.replace("const ", "").split()
    if "*" in argument or f"(*{words[0]})" in header:
        return 8
    return {"bool": 1, "int32_t": 4, "alula_value": 4, "uint32_t": 4}.get(words[0]) or (
        4 if re.search(rf"typedef u?int32_t {words[0]};", header) else 8
    )


def test_numbers_are_the_headers(header):
    constants = {name: int(value) for name, value in re.findall(r"ALULA_(\w+) = (-?\d+)", header)}
    for name in (
        "MAX_RANK", "NO_VALUE", "MEMORY_PAGEABLE", "MEMORY_DEVICE", "MEMORY_PINNED", "COPY_HOST_TO_HOST",
        "COPY_HOST_TO_DEVICE", "COPY_DEVICE_TO_HOST", "COPY_DEVICE_TO_DEVICE", "COPY_INFER", "COPY_BORROWED",
        "STREAM_NON_BLOCKING", "EVENT_BLOCKING", "EVENT_NO_TIMING", "NOT_READY",
    ):
        assert getattr(_library, name) == constants[name], name
    from alula import types

    for name, number in types._NUMBERS.items():
        assert constants[name.upper()] == number


def test_each_status_has_its_error(header):
    from alula import errors

    statuses = dict(re.findall(r"ALULA_(\w+) = (\d+)", header[: header.index("alula_version")]))
    for name, number in statuses.items():
        error = errors.make_error(int(number), "text")
        assert error.status == int(number) or name in ("SUCCESS", "UNSPECIFIED"), name
        assert str(error) == "text"


def test_the_header_is_c_and_cpp(tmp_path):
    compiler = shutil.which("clang") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    for language, standard in (("c", "c11"), ("c++", "c++17")):
        command = [compiler, "-x", language, f"-std={standard}", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", HEADER]
        assert subprocess.run(command).returncode == 0, language


@pytest.mark.skipif(shutil.which("readelf") is None, reason="needs readelf")
def test_the_library_needs_the_c_and_cpp_libraries_alone():
    dynamic = subprocess.run(["readelf", "-dW", _library.library_path()], capture_output=True, text=True).stdout
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    assert needed
    for name in needed:
        assert re.match(r"(libc|libm|libstdc\+\+|libgcc_s|ld-linux-x86-64)\.so", name), name


@pytest.mark.skipif(shutil.which("nm") is None, reason="needs nm")
def test_the_library_exports_its_own_names_alone():
    symbols = subprocess.run(
        ["nm", "-D", "--defined-only", _library.library_path()], capture_output=True, text=True
    ).stdout.split("\n")
    names = {line.split()[-1] for line in symbols if line}
    assert {name for name in names if not name.startswith("alula_")} == set()
    assert {f"alula_{name}" for name in _library._FUNCTIONS} <= names
