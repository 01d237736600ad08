# SPDX-License-Identifier: Apache-2.0
"""Standing in for TensorRT 10: what it lacks is absent, and what it has works without that."""

import os
import subprocess
import sys

import pytest

SCRIPT = '''
import numpy as np, tensorrt as trt
from cuda.bindings import runtime as cudart

assert trt.__version__ == "10.9.0"
for owner, name in (
    (trt.IExecutionContext, "execute_async_v2"), (trt.IExecutionContext, "set_binding_shape"), (trt.ICudaEngine, "num_bindings"),
    (trt.ICudaEngine, "__len__"), (trt.ICudaEngine, "has_implicit_batch_dimension"), (trt.Builder, "build_engine"),
    (trt.INetworkDefinition, "add_fully_connected"), (trt, "DimsCHW"),
):
    assert not hasattr(owner, name), name
assert int(trt.BuilderFlag.REFIT) == 4 and int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED) == 1


class Logger(trt.ILogger):
    def __init__(self):
        trt.ILogger.__init__(self)
        self.errors = []

    def log(self, severity, msg):
        if severity <= trt.Logger.ERROR:
            self.errors.append(msg)


logger = Logger()
builder = trt.Builder(logger)
network = builder.create_network()  # the batch is explicit without a flag
x = network.add_input("x", trt.float32, (-1, 3, 8, 8))
kernel = np.random.default_rng(0).standard_normal((4, 3, 3, 3)).astype(np.float32)
layer = network.add_convolution_nd(x, 4, (3, 3), trt.Weights(kernel), trt.Weights())
layer.padding_nd = trt.Dims([1, 1])
pool = network.add_pooling_nd(layer.get_output(0), trt.PoolingType.AVERAGE, trt.Dims([8, 8]))
shuffle = network.add_shuffle(pool.get_output(0))
shuffle.reshape_dims = (-1, 4)
shuffle.get_output(0).name = "y"
network.mark_output(shuffle.get_output(0))
config = builder.create_builder_config()
config.set_flag(trt.BuilderFlag.REFIT)
profile = builder.create_optimization_profile()
profile.set_shape("x", (1, 3, 8, 8), (2, 3, 8, 8), (4, 3, 8, 8))
config.add_optimization_profile(profile)
plan = builder.build_serialized_network(network, config)
assert plan is not None, logger.errors
engine = trt.Runtime(logger).deserialize_cuda_engine(plan)
names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
assert names == ["x", "y"] and engine.get_tensor_mode("y") == trt.TensorIOMode.OUTPUT
assert [tuple(s) for s in engine.get_tensor_profile_shape("x", 0)] == [(n, 3, 8, 8) for n in (1, 2, 4)]
assert engine.device_memory_size_v2 >= 0 and engine.get_device_memory_size_for_profile_v2(0) >= 0
context = engine.create_execution_context(trt.ExecutionContextAllocationStrategy.STATIC)
_, stream = cudart.cudaStreamCreate()
assert context.set_optimization_profile_async(0, stream)
assert context.infer_shapes() == ["x"]
images = np.random.default_rng(1).standard_normal((3, 3, 8, 8)).astype(np.float32)
assert context.set_input_shape("x", images.shape) and tuple(context.get_tensor_shape("y")) == (3, 4)
result = np.empty((3, 4), np.float32)
memory = {name: cudart.cudaMalloc(array.nbytes)[1] for name, array in (("x", images), ("y", result))}


def run():
    for name, address in memory.items():
        assert context.set_tensor_address(name, address)
    cudart.cudaMemcpyAsync(memory["x"], images, images.nbytes, cudart.cudaMemcpyKind.cudaMemcpyHostToDevice, stream)
    assert context.execute_async_v3(stream_handle=stream), logger.errors
    cudart.cudaMemcpyAsync(result, memory["y"], result.nbytes, cudart.cudaMemcpyKind.cudaMemcpyDeviceToHost, stream)
    assert cudart.cudaStreamSynchronize(stream)[0] == 0
    return result.copy()


padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
wanted = np.einsum("ncyxij,mcij->nmyx", windows, kernel).mean(axis=(2, 3))
np.testing.assert_allclose(run(), wanted, rtol=1e-4, atol=1e-5)
refitter = trt.Refitter(engine, logger)
(name,) = [name for name in refitter.get_all_weights() if refitter.get_weights_prototype(name).size == kernel.size]
assert refitter.set_named_weights(name, trt.Weights(2 * kernel)) and refitter.refit_cuda_engine()
np.testing.assert_allclose(run(), 2 * wanted, rtol=1e-4, atol=1e-5)
assert engine.create_engine_inspector().get_engine_information(trt.LayerInformationFormat.JSON)
assert not logger.errors, logger.errors
print("ran")
'''


def test_a_script_for_version_10(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "-m", "alula.dropin", "--tensorrt-version", "10.9.0", str(path)],
        capture_output=True, text=True, check=False,
    )
    assert done.stdout == "ran\n", done.stdout + done.stderr


def test_polygraphy_as_with_version_10(tmp_path):
    pytest.importorskip("polygraphy")
    from models import convolution_model

    import alula.dropin

    if alula.dropin.runtime_library() is None:
        pytest.skip("libcudart.so was not built")
    (tmp_path / "model.onnx").write_bytes(convolution_model())
    done = subprocess.run(
        [sys.executable, "-m", "alula.dropin", "--tensorrt-version", "10.9.0", "-m", "polygraphy", "run", "model.onnx", "--trt",
         "--onnxrt", "--allocation-strategy", "runtime", "--builder-optimization-level", "0"],
        capture_output=True, text=True, cwd=tmp_path, env=dict(os.environ), check=False,
    )
    assert done.returncode == 0 and "Pass Rate: 100.00%" in done.stdout, (done.stdout + done.stderr)[-2000:]
