# SPDX-License-Identifier: Apache-2.0
"""The two functions the project began with, loaded from where ``ALULA_FIRST_FUNCTIONS`` says: as their author wrote them."""

import importlib.util
import os

import numpy as np
import pytest
import tensorrt as trt
from buffers import Buffers
from models import convolution_model, expected

PATH = os.environ.get("ALULA_FIRST_FUNCTIONS")
pytestmark = pytest.mark.skipif(not PATH, reason="ALULA_FIRST_FUNCTIONS is not set")


@pytest.fixture(scope="module")
def functions():
    spec = importlib.util.spec_from_file_location("first_functions", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_execute_async(functions, implicit_plan, logger, capsys):
    engine = trt.Runtime(logger).deserialize_cuda_engine(implicit_plan)
    context = engine.create_execution_context()
    for batch in (1, 4):
        images = np.random.default_rng(batch).standard_normal((batch, 3, 12, 12)).astype(np.float32)
        buffers = Buffers(engine, context, batch)
        buffers.fill(images)
        results = functions.inference_sync(
            context, buffers.bindings, buffers.inputs, buffers.outputs, buffers.stream, batch_size=batch
        )
        for result, wanted in zip(results, expected(convolution_model("n"), {"x": images}), strict=True):
            np.testing.assert_allclose(result, wanted.ravel(), rtol=1e-4, atol=1e-5)
    assert "time" in capsys.readouterr().out and not logger.errors()


def test_execute_async_v2(functions, engine, model, image, logger):
    context = engine.create_execution_context()
    buffers = Buffers(engine, context)
    buffers.fill(image)
    results = functions.inference_async_v2(context, buffers.bindings, buffers.inputs, buffers.outputs, buffers.stream)
    for result, wanted in zip(results, expected(model, {"x": image}), strict=True):
        np.testing.assert_allclose(result, wanted.ravel(), rtol=1e-4, atol=1e-5)
    assert not logger.errors()
