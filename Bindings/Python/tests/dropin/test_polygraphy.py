# SPDX-License-Identifier: Apache-2.0
"""NVIDIA's Polygraphy, as it comes from PyPI, over the drop-in: a program that nobody here wrote."""

import os
import pathlib
import subprocess
import sys

import pytest
from models import convolution_model

import alula.dropin

pytest.importorskip("polygraphy")
pytestmark = pytest.mark.skipif(alula.dropin.runtime_library() is None, reason="libcudart.so was not built")


def polygraphy(*arguments, cwd):
    """Runs a command of Polygraphy's and gives its output."""
    done = subprocess.run(
        [sys.executable, "-m", "alula.dropin", "-m", "polygraphy", *map(str, arguments)],
        capture_output=True, text=True, cwd=cwd, env=dict(os.environ), check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("polygraphy")
    (folder / "model.onnx").write_bytes(convolution_model())
    (folder / "dynamic.onnx").write_bytes(convolution_model("n"))
    return folder


def test_run_compares_with_onnx_runtime(folder):
    text = polygraphy("run", "model.onnx", "--trt", "--onnxrt", "--save-engine", "saved.plan", cwd=folder)
    assert "Pass Rate: 100.00%" in text and text.count("PASSED | Output") == 2
    assert (folder / "saved.plan").stat().st_size > 0
    text = polygraphy("run", "--trt", "saved.plan", "--model-type", "engine", "--validate", cwd=folder)
    assert "PASSED" in text


def test_run_with_a_profile_and_all_outputs(folder):
    shapes = [f"--trt-{kind}-shapes=x:[{batch},3,12,12]" for kind, batch in (("min", 1), ("opt", 2), ("max", 4))]
    text = polygraphy(
        "run", "dynamic.onnx", "--trt", "--onnxrt", *shapes, "--input-shapes", "x:[3,3,12,12]", "--trt-outputs", "mark", "all",
        "--onnx-outputs", "mark", "all", "--iterations", "3", cwd=folder,
    )
    assert "Pass Rate: 100.00%" in text and "convolved" in text and "shape=(3, 5, 12, 12)" in text


@pytest.mark.parametrize("strategy", ["static", "profile", "runtime"])
def test_run_with_memory_of_its_own(folder, strategy):
    text = polygraphy(
        "run", "model.onnx", "--trt", "--onnxrt", "--allocation-strategy", strategy, "--builder-optimization-level", "0",
        cwd=folder,
    )
    assert "Pass Rate: 100.00%" in text


def test_convert_and_inspect(folder):
    polygraphy("convert", "model.onnx", "--convert-to", "trt", "-o", "converted.plan", cwd=folder)
    text = polygraphy("inspect", "model", "converted.plan", "--model-type", "engine", "--show", "layers", cwd=folder)
    assert "Explicit Batch Engine" in text and "maps [dtype=float32, shape=(1, 5, 12, 12)]" in text
    text = polygraphy("inspect", "model", "model.onnx", "--display-as", "trt", "--show", "layers", "attrs", "weights", cwd=folder)
    assert "LayerType.CONVOLUTION" in text and "Explicit Batch Network" in text
    text = polygraphy("inspect", "model", "model.onnx", cwd=folder)
    assert "GlobalAveragePool" in text or "3 Node" in text


def test_surgeon_takes_a_part(folder):
    polygraphy(
        "surgeon", "extract", "model.onnx", "--inputs", "x:[1,3,12,12]:float32", "--outputs", "maps:float32", "-o", "part.onnx",
        cwd=folder,
    )
    polygraphy("surgeon", "sanitize", "part.onnx", "--fold-constants", "-o", "clean.onnx", cwd=folder)
    text = polygraphy("run", "clean.onnx", "--trt", "--onnxrt", cwd=folder)
    assert "Pass Rate: 100.00%" in text and text.count("PASSED | Output") == 1


def test_inspect_capability(folder):
    text = polygraphy("inspect", "capability", "model.onnx", cwd=folder)
    assert "fully supported" in text.lower()


def test_a_plan_of_tensorrt_is_refused_with_what_to_do(folder):
    path = pathlib.Path(folder) / "foreign.plan"
    path.write_bytes(b"ftrt" + bytes(100))
    done = subprocess.run(
        [sys.executable, "-m", "alula.dropin", "-m", "polygraphy", "run", "--trt", str(path), "--model-type", "engine"],
        capture_output=True, text=True, check=False,
    )
    assert done.returncode != 0 and "rebuild it from the ONNX model" in done.stdout + done.stderr
