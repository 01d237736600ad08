# SPDX-License-Identifier: Apache-2.0
"""The example for C, compiled and run."""

import pathlib
import shutil
import subprocess

import numpy as np
import pytest

from alula import _library

ROOT = pathlib.Path(__file__).resolve().parents[3]
COMPILER = shutil.which("clang") or shutil.which("cc")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    if COMPILER is None:
        pytest.skip("no C compiler")
    target = tmp_path_factory.mktemp("c") / "inference"
    library = pathlib.Path(_library.library_path()).resolve()
    command = [
        COMPILER, "-std=c11", "-Wall", "-Wextra", "-Werror", "-I", ROOT / "Sources/CAlula/include",
        ROOT / "Examples/C/inference.c", library, f"-Wl,-rpath,{library.parent}", "-o", target,
    ]
    subprocess.run(command, check=True)
    return target


def _model(path, shape):
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    bias = onnx.numpy_helper.from_array(np.float32([1.5, -2, 3]), "b")
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "b"], ["y"])], "bias",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, shape)], [bias],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


def test_the_example_runs(program, tmp_path):
    result = subprocess.run([program, _model(tmp_path / "bias.onnx", [2, 3])], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "y: 1.5 -2 3 1.5 -2 3\n"), result.stderr


def test_the_example_says_what_is_wrong(program, tmp_path):
    missing = subprocess.run([program, tmp_path / "nowhere.onnx"], capture_output=True, text=True)
    assert missing.returncode == 1 and "nowhere.onnx" in missing.stderr
    varying = subprocess.run([program, _model(tmp_path / "varying.onnx", ["N", 3])], capture_output=True, text=True)
    assert varying.returncode == 1 and "x" in varying.stderr
