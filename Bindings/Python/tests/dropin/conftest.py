# SPDX-License-Identifier: Apache-2.0
"""Drop-in tests: plans, engines and inputs that many of them use."""

import numpy as np
import pytest
from models import RecordingLogger, build, convolution_model

import tensorrt as trt  # isort: skip  importable since models was imported


@pytest.fixture
def logger():
    return RecordingLogger()


@pytest.fixture(scope="session")
def model():
    return convolution_model()


@pytest.fixture(scope="session")
def plan(model):
    return build(model, RecordingLogger())


@pytest.fixture(scope="session")
def implicit_plan():
    return build(convolution_model("n"), RecordingLogger(), explicit=False, max_batch_size=4)


@pytest.fixture(scope="session")
def dynamic_plan():
    shapes = [(n, 3, 12, 12) for n in (1, 2, 6)]
    return build(convolution_model("n"), RecordingLogger(), profiles=[{"x": shapes}])


@pytest.fixture
def engine(plan, logger):
    return trt.Runtime(logger).deserialize_cuda_engine(plan)


@pytest.fixture
def image():
    return np.random.default_rng(7).standard_normal((1, 3, 12, 12)).astype(np.float32)
