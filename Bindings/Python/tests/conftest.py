# SPDX-License-Identifier: Apache-2.0
"""Small networks made operator by operator, and what NumPy says of them."""

import os
import pathlib
import sys

import numpy as np
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
os.environ.setdefault("ALULA_THREADS", "2")

import alula  # noqa: E402


class Model:
    """A network with weights known to NumPy."""

    def __init__(self, width: int, depth: int, rows: int | str = 4):
        generator = np.random.default_rng(7)
        self.width = width
        self.weights = [
            generator.standard_normal((width, width), np.float32) / np.float32(width) ** 0.5 for _ in range(depth)
        ]
        self.rows = rows

    def network(self) -> alula.Network:
        """``y = relu(… relu(x @ w0) @ w1 …)``."""
        network = alula.Network("chain")
        value = network.add_input("x", np.float32, (-1 if self.rows == "N" else self.rows, self.width))
        for index, weight in enumerate(self.weights):
            product = network.add("MatMul", value, network.add_constant(weight, f"w{index}"), name=f"product{index}")
            value = network.add("Relu", product, name=f"relu{index}")
        network.rename(value, "y")
        network.mark_output(value)
        return network

    def engine(self, **settings) -> alula.Engine:
        """The network, built without timing."""
        return alula.Engine(alula.Builder(timing=False, **settings).build(self.network()))

    def input(self, rows: int = 4, seed: int = 0) -> np.ndarray:
        """A random input."""
        return np.random.default_rng(seed).standard_normal((rows, self.width), np.float32)

    def expected(self, x: np.ndarray) -> np.ndarray:
        """The output in double precision."""
        y = x.astype(np.float64)
        for weight in self.weights:
            y = np.maximum(y @ weight, 0)
        return y


@pytest.fixture(scope="session")
def small() -> Model:
    """A model that takes microseconds."""
    return Model(16, 2)


@pytest.fixture(scope="session")
def small_engine(small) -> alula.Engine:
    return small.engine()


@pytest.fixture(scope="session")
def slow() -> Model:
    """A model that takes tens of milliseconds."""
    return Model(1024, 8, rows=64)


@pytest.fixture(scope="session")
def slow_engine(slow) -> alula.Engine:
    return slow.engine()


@pytest.fixture
def stream() -> alula.Stream:
    return alula.Stream()


class Buffers:
    """Device memory for a model's input and output."""

    def __init__(self, engine: alula.Engine, device: alula.Device | None = None):
        self.memory = [
            alula.DeviceMemory(int(np.prod(binding.shape)) * binding.dtype.itemsize, device)
            for binding in engine.bindings
        ]

    def upload(self, stream: alula.Stream, x: np.ndarray) -> None:
        stream.upload(x, self.memory[0])

    def download(self, stream: alula.Stream, engine: alula.Engine) -> np.ndarray:
        result = np.empty(engine.outputs[0].shape, np.float32)
        stream.download(self.memory[1], result)
        return result


@pytest.fixture
def buffers():
    return Buffers
