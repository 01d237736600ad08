# SPDX-License-Identifier: Apache-2.0
"""The ways people write TensorRT code, one test a way; each is written here, after what many public scripts do."""

import contextlib
import ctypes
import threading
from collections import OrderedDict, namedtuple

import numpy as np
import pycuda.autoinit  # noqa: F401  as scripts do
import pycuda.driver as cuda
import pytest
import tensorrt as trt
from models import convolution_model, expected
from cuda.bindings import driver, runtime


@pytest.fixture
def model_path(model, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(model)
    return str(path)


@pytest.fixture
def plan_path(plan, tmp_path):
    path = tmp_path / "model.engine"
    path.write_bytes(plan)
    return str(path)


def close(results, wanted):
    for result, value in zip(results, wanted, strict=True):
        np.testing.assert_allclose(np.asarray(result).reshape(value.shape), value, rtol=1e-4, atol=1e-5)


def test_version_7_builds_on_the_builder_with_nested_with(model_path, logger):
    """Settings on the builder, everything in `with`, the engine serialized to a file."""
    with trt.Builder(logger) as builder, builder.create_network(1) as network, trt.OnnxParser(network, logger) as parser:
        builder.max_workspace_size = 1 << 28
        builder.max_batch_size = 1
        builder.fp16_mode = builder.platform_has_fast_fp16
        with open(model_path, "rb") as file:
            assert parser.parse(file.read())
        network.get_input(0).shape = [1, 3, 12, 12]
        engine = builder.build_cuda_engine(network)
        assert engine and len(engine) == 3


def test_version_8_builds_with_a_configuration_and_checks_errors(model_path, logger):
    """Explicit batch by shifting the enumeration, a workspace limit, flags when the platform has them."""
    explicit = 1 << int(trt.NetworkDefinitionCreationFlag.EXPLICIT_BATCH)
    builder = trt.Builder(logger)
    network = builder.create_network(explicit)
    config = builder.create_builder_config()
    parser = trt.OnnxParser(network, logger)
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, 1 << 30)
    config.max_workspace_size = 1 << 30
    if builder.platform_has_fast_fp16:
        config.set_flag(trt.BuilderFlag.FP16)
    if not parser.parse_from_file(model_path):
        raise AssertionError([parser.get_error(index) for index in range(parser.num_errors)])
    inputs = [network.get_input(index) for index in range(network.num_inputs)]
    outputs = [network.get_output(index) for index in range(network.num_outputs)]
    assert [(tensor.name, tensor.shape, tensor.dtype) for tensor in inputs] == [("x", (1, 3, 12, 12), trt.DataType.FLOAT)]
    assert [tensor.name for tensor in outputs] == ["maps", "mean"]
    assert builder.build_serialized_network(network, config)


def test_allocate_buffers_by_iterating_over_the_engine(plan_path, model, image, logger):
    """`for binding in engine`, sizes times `max_batch_size`, inputs as dictionaries."""
    with open(plan_path, "rb") as file, trt.Runtime(logger) as runtime_:
        engine = runtime_.deserialize_cuda_engine(file.read())
    inputs, outputs, bindings, stream = [], [], [], cuda.Stream()
    for binding in engine:
        size = trt.volume(engine.get_binding_shape(binding)) * engine.max_batch_size
        host = cuda.pagelocked_empty(size, trt.nptype(engine.get_binding_dtype(binding)))
        device = cuda.mem_alloc(host.nbytes)
        bindings.append(int(device))
        (inputs if engine.binding_is_input(binding) else outputs).append({"host": host, "device": device})
    with engine.create_execution_context() as context:
        np.copyto(inputs[0]["host"], image.ravel())
        cuda.memcpy_htod_async(inputs[0]["device"], inputs[0]["host"], stream)
        context.execute_async_v2(bindings=bindings, stream_handle=stream.handle)
        for output in outputs:
            cuda.memcpy_dtoh_async(output["host"], output["device"], stream)
        stream.synchronize()
    close([output["host"] for output in outputs], expected(model, {"x": image}))


def test_bindings_by_number_with_views_of_pagelocked_arrays(engine, model, image):
    """`engine[i]`, `get_binding_shape(i)`, page-locked arrays reshaped at once, a pageable input."""
    context = engine.create_execution_context()
    context.active_optimization_profile = 0
    shapes = [tuple(context.get_binding_shape(index)) for index in range(engine.num_bindings)]
    source = cuda.mem_alloc(image.nbytes)
    hosts = [cuda.pagelocked_empty(trt.volume(shape), np.float32).reshape(shape) for shape in shapes[1:]]
    targets = [cuda.mem_alloc(host.nbytes) for host in hosts]
    stream = cuda.Stream()
    cuda.memcpy_htod_async(source, np.ascontiguousarray(image), stream)
    context.execute_async_v2([int(source), *map(int, targets)], stream.handle)
    for host, target in zip(hosts, targets):
        cuda.memcpy_dtoh_async(host, target, stream)
    stream.synchronize()
    close(hosts, expected(model, {"x": image}))


def test_named_tuples_and_an_ordered_dictionary_of_addresses(engine, model, image):
    """One table of bindings by name; `list(d.values())` at the call."""
    Binding = namedtuple("Binding", ("name", "dtype", "shape", "data", "ptr"))
    bindings = OrderedDict()
    for index in range(engine.num_bindings):
        name = engine.get_binding_name(index)
        data = np.empty(tuple(engine.get_binding_shape(index)), trt.nptype(engine.get_binding_dtype(index)))
        bindings[name] = Binding(name, data.dtype, data.shape, data, cuda.mem_alloc(data.nbytes))
    addresses = OrderedDict((name, int(binding.ptr)) for name, binding in bindings.items())
    context = engine.create_execution_context()
    cuda.memcpy_htod(bindings["x"].ptr, image)
    assert context.execute_v2(list(addresses.values()))
    for name in ("maps", "mean"):
        cuda.memcpy_dtoh(bindings[name].data, bindings[name].ptr)
    close([bindings["maps"].data, bindings["mean"].data], expected(model, {"x": image}))


def test_version_10_by_names_with_cuda_python(engine, model, image):
    """`num_io_tensors`, modes, pinned memory wrapped through ctypes, `set_tensor_address`, `execute_async_v3`."""

    def call(result):
        code, *values = result
        assert code == runtime.cudaError_t.cudaSuccess, runtime.cudaGetErrorString(code)
        return values[0] if values else None

    context = engine.create_execution_context()
    stream = call(runtime.cudaStreamCreate())
    names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
    host, device = {}, {}
    for name in names:
        shape, dtype = engine.get_tensor_shape(name), np.dtype(trt.nptype(engine.get_tensor_dtype(name)))
        assert np.all([extent >= 0 for extent in shape])
        size = trt.volume(shape)
        pointer = ctypes.cast(call(runtime.cudaMallocHost(size * dtype.itemsize)), ctypes.POINTER(ctypes.c_float))
        host[name] = np.ctypeslib.as_array(pointer, (size,))
        device[name] = call(runtime.cudaMalloc(host[name].nbytes))
    inputs = [name for name in names if engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT]
    np.copyto(host[inputs[0]][: image.size], image.ravel(), casting="safe")
    kind = runtime.cudaMemcpyKind
    for name in inputs:
        call(runtime.cudaMemcpyAsync(device[name], host[name], host[name].nbytes, kind.cudaMemcpyHostToDevice, stream))
    for name in names:
        context.set_tensor_address(name, device[name])
    assert context.execute_async_v3(stream_handle=stream)
    for name in names[1:]:
        call(runtime.cudaMemcpyAsync(host[name], device[name], host[name].nbytes, kind.cudaMemcpyDeviceToHost, stream))
    call(runtime.cudaStreamSynchronize(stream))
    close([host[name] for name in names[1:]], expected(model, {"x": image}))


def test_stream_ordered_memory_and_memoryviews(engine, model, image):
    """`cudaMallocAsync`, `array.data`, a synchronize before the copy back."""
    _, stream = runtime.cudaStreamCreate()
    result = np.zeros((1, 5, 12, 12), np.float32)
    _, source = runtime.cudaMallocAsync(image.nbytes, stream)
    _, target = runtime.cudaMallocAsync(result.nbytes, stream)
    _, rest = runtime.cudaMallocAsync(64, stream)
    runtime.cudaMemcpyAsync(source, image.data, image.nbytes, runtime.cudaMemcpyKind.cudaMemcpyHostToDevice, stream)
    context = engine.create_execution_context()
    for name, address in (("x", source), ("maps", target), ("mean", rest)):
        context.set_tensor_address(name, address)
    context.execute_async_v3(stream)
    runtime.cudaStreamSynchronize(stream)
    runtime.cudaMemcpy(result.data, target, result.nbytes, runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost)
    for address in (source, target, rest):
        assert runtime.cudaFreeAsync(address, stream)[0] == 0
    runtime.cudaStreamDestroy(stream)
    close([result], expected(model, {"x": image})[:1])


def test_the_driver_interface_with_raw_host_addresses(engine, model, image):
    """`cuInit`, a context of one's own, `array.ctypes.data`."""
    driver.cuInit(0)
    _, device = driver.cuDeviceGet(0)
    _, cuda_context = driver.cuCtxCreate(0, device)
    _, stream = driver.cuStreamCreate(0)
    arrays = [image, np.empty((1, 5, 12, 12), np.float32), np.empty((1, 5, 1, 1), np.float32)]
    memory = [driver.cuMemAlloc(array.nbytes)[1] for array in arrays]
    driver.cuMemcpyHtoDAsync(memory[0], arrays[0].ctypes.data, arrays[0].nbytes, stream)
    context = engine.create_execution_context()
    for index in range(engine.num_io_tensors):
        context.set_tensor_address(engine.get_tensor_name(index), memory[index])
    assert context.execute_async_v3(stream)
    for array, address in zip(arrays[1:], memory[1:]):
        driver.cuMemcpyDtoHAsync(array.ctypes.data, address, array.nbytes, stream)
    driver.cuStreamSynchronize(stream)
    for address in memory:
        driver.cuMemFree(address)
    driver.cuCtxDestroy(cuda_context)
    close(arrays[1:], expected(model, {"x": image}))


def test_whichever_call_the_context_has(engine, model, image):
    """Code for several versions asks with `hasattr` and falls through v3, v2, v1."""
    context, stream = engine.create_execution_context(), cuda.Stream()
    arrays = [image, np.empty((1, 5, 12, 12), np.float32), np.empty((1, 5, 1, 1), np.float32)]
    memory = [cuda.to_device(array) for array in arrays]

    def run(names):
        for name in names:
            if not hasattr(context, name):
                continue
            if name.endswith("v3"):
                for index, allocation in enumerate(memory):
                    context.set_tensor_address(engine.get_tensor_name(index), int(allocation))
                return context.execute_async_v3(stream.handle)
            bindings = [int(allocation) for allocation in memory]
            if name.endswith("v2"):
                return context.execute_async_v2(bindings=bindings, stream_handle=stream.handle)
            return context.execute_async(bindings=bindings, stream_handle=stream.handle)
        raise AssertionError("no call")

    for names in (["execute_async_v3"], ["enqueue_v2", "execute_async_v2"], ["execute_async"]):
        cuda.memset_d8(memory[1], 0, arrays[1].nbytes)
        assert run(names)
        stream.synchronize()
        cuda.memcpy_dtoh(arrays[1], memory[1])
        close(arrays[1:2], expected(model, {"x": image})[:1])


def test_a_worker_thread_with_a_context_it_pushes(plan, model, image, logger):
    """A detector object: context made at start, pushed around every call, popped at the end."""

    class Detector:
        def __init__(self):
            self.device_context = cuda.Device(0).make_context()
            self.stream = cuda.Stream()
            self.engine = trt.Runtime(logger).deserialize_cuda_engine(plan)
            self.context = self.engine.create_execution_context()
            self.arrays = [np.empty(tuple(self.engine.get_binding_shape(name)), np.float32) for name in self.engine]
            self.memory = [cuda.mem_alloc(array.nbytes) for array in self.arrays]
            self.device_context.pop()

        def detect(self, array):
            self.device_context.push()
            try:
                cuda.memcpy_htod_async(self.memory[0], array, self.stream)
                self.context.execute_async_v2([int(allocation) for allocation in self.memory], self.stream.handle)
                cuda.memcpy_dtoh_async(self.arrays[1], self.memory[1], self.stream)
                self.stream.synchronize()
                return self.arrays[1].copy()
            finally:
                self.device_context.pop()

    detector, results = Detector(), []
    threads = [threading.Thread(target=lambda: results.append(detector.detect(image)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    close(results, expected(model, {"x": image})[:1])


def test_dynamic_shapes_sized_by_the_profile(dynamic_plan, logger):
    """Buffers for the profile's maximum, a shape set for each call, results cut to it."""
    engine = trt.Runtime(logger).deserialize_cuda_engine(dynamic_plan)
    context, stream = engine.create_execution_context(), cuda.Stream()
    context.set_optimization_profile_async(0, stream.handle)
    index = engine.get_binding_index("x")
    largest = engine.get_profile_shape(0, index)[2]
    memory = [cuda.mem_alloc(trt.volume(largest) * 4), cuda.mem_alloc(6 * 5 * 144 * 4), cuda.mem_alloc(6 * 5 * 4)]
    host = cuda.pagelocked_empty(6 * 5 * 144, np.float32)
    for batch in (5, 2):
        images = np.random.default_rng(batch).standard_normal((batch, 3, 12, 12)).astype(np.float32)
        context.set_binding_shape(index, images.shape)
        assert context.all_binding_shapes_specified and context.all_shape_inputs_specified
        cuda.memcpy_htod_async(memory[0], images, stream)
        context.execute_async_v2([int(allocation) for allocation in memory], stream.handle)
        count = trt.volume(context.get_binding_shape(1))
        cuda.memcpy_dtoh_async(host[:count], memory[1], stream)
        stream.synchronize()
        close([host[:count]], expected(convolution_model("n"), {"x": images})[:1])


def test_a_network_written_with_the_interface(logger):
    """The digits sample of NVIDIA's in shape: weights from a dictionary, layer after layer, an implicit batch."""
    rng = np.random.default_rng(0)
    weights = {
        "conv.weight": rng.standard_normal((4, 1, 5, 5)).astype(np.float32), "conv.bias": np.zeros(4, np.float32),
        "full.weight": rng.standard_normal((10, 4 * 4 * 4)).astype(np.float32), "full.bias": np.ones(10, np.float32),
    }
    builder = trt.Builder(logger)
    network = builder.create_network()
    tensor = network.add_input(name="image", dtype=trt.float32, shape=(1, 12, 12))
    layer = network.add_convolution(tensor, 4, (5, 5), weights["conv.weight"], weights["conv.bias"])
    layer.stride = (1, 1)
    pool = network.add_pooling(layer.get_output(0), trt.PoolingType.MAX, (2, 2))
    pool.stride = (2, 2)
    relu = network.add_activation(pool.get_output(0), type=trt.ActivationType.RELU)
    full = network.add_fully_connected(relu.get_output(0), 10, weights["full.weight"], weights["full.bias"])
    soft = network.add_softmax(full.get_output(0))
    soft.get_output(0).name = "probabilities"
    network.mark_output(tensor=soft.get_output(0))
    builder.max_batch_size = 2
    engine = builder.build_engine(network, builder.create_builder_config())
    context = engine.create_execution_context()
    images = rng.standard_normal((2, 1, 12, 12)).astype(np.float32)
    source, target, result = cuda.to_device(images), cuda.mem_alloc(80), np.empty((2, 10), np.float32)
    assert context.execute(batch_size=2, bindings=[int(source), int(target)])
    cuda.memcpy_dtoh(result, target)
    np.testing.assert_allclose(result.sum(axis=1), 1, rtol=1e-5)


def test_a_timing_cache_kept_in_a_file(model, logger, tmp_path):
    """Read if there, set, written after the build."""
    path = tmp_path / "timing.cache"
    sizes = []
    for _ in range(2):
        builder = trt.Builder(logger)
        network = builder.create_network(1)
        assert trt.OnnxParser(network, logger).parse(model)
        config = builder.create_builder_config()
        data = path.read_bytes() if path.exists() else b""
        cache = config.create_timing_cache(data)
        config.set_timing_cache(cache, ignore_mismatch=False)
        assert builder.build_serialized_network(network, config)
        with config.get_timing_cache().serialize() as buffer, open(path, "wb") as file:
            file.write(buffer)
            file.flush()
        sizes.append(path.stat().st_size)
    assert sizes[0] == sizes[1] > 0


def test_progress_is_shown_and_may_stop_the_build(model, logger):
    """A monitor that counts, and one that says no."""

    class Monitor(trt.IProgressMonitor):
        def __init__(self, go):
            trt.IProgressMonitor.__init__(self)
            self.go, self.phases, self.steps, self.finished = go, [], 0, 0

        def phase_start(self, phase_name, parent_phase, num_steps):
            self.phases.append((phase_name, parent_phase, num_steps))

        def step_complete(self, phase_name, step):
            self.steps += 1
            return self.go

        def phase_finish(self, phase_name):
            self.finished += 1

    for go in (True, False):
        builder = trt.Builder(logger)
        network = builder.create_network(1)
        assert trt.OnnxParser(network, logger).parse(model)
        config = builder.create_builder_config()
        config.progress_monitor = monitor = Monitor(go)
        plan = builder.build_serialized_network(network, config)
        assert (plan is not None) == go and monitor.steps >= 1
        assert monitor.finished == len(monitor.phases) == 1


def test_timing_with_events_and_with_a_warm_up(engine, image):
    """Events around the call; the time is the device's, not the host's."""
    context, stream = engine.create_execution_context(), cuda.Stream()
    memory = [cuda.to_device(image), cuda.mem_alloc(4 * 5 * 144), cuda.mem_alloc(20)]
    bindings = [int(allocation) for allocation in memory]
    for _ in range(3):
        context.execute_async_v2(bindings, stream.handle)
    start, end, times = cuda.Event(), cuda.Event(), []
    for _ in range(5):
        start.record(stream)
        context.execute_async_v2(bindings, stream.handle)
        end.record(stream)
        end.synchronize()
        times.append(start.time_till(end))
    assert all(0 < time < 60_000 for time in times)


def test_two_streams_with_a_context_each_and_an_event_between(engine, model, image):
    """Copies on one stream, the run on another, an event for the order."""
    copies, runs, copied = cuda.Stream(), cuda.Stream(), cuda.Event()
    context = engine.create_execution_context()
    memory = [cuda.mem_alloc(image.nbytes), cuda.mem_alloc(4 * 5 * 144), cuda.mem_alloc(20)]
    host = cuda.register_host_memory(image.copy())
    result = cuda.pagelocked_empty((1, 5, 12, 12), np.float32)
    cuda.memcpy_htod_async(memory[0], host, copies)
    copied.record(copies)
    runs.wait_for_event(copied)
    context.execute_async_v2([int(allocation) for allocation in memory], runs.handle)
    cuda.memcpy_dtoh_async(result, memory[1], runs)
    runs.synchronize()
    cuda.unregister_host_memory(host)
    close([result], expected(model, {"x": image})[:1])


def test_layers_of_a_parsed_network_are_walked_and_outputs_marked(model, image, logger):
    """Names and types of layers, a tensor in the middle as an output, precision asked for layer by layer."""
    builder = trt.Builder(logger)
    network = builder.create_network(1)
    assert trt.OnnxParser(network, logger).parse(model)
    kinds = {}
    for index in range(network.num_layers):
        layer = network.get_layer(index)
        kinds[layer.name] = layer.type
        if layer.type == trt.LayerType.CONVOLUTION:
            layer.precision = trt.float32
            network.mark_output(layer.get_output(0))
    assert kinds == {
        "conv": trt.LayerType.CONVOLUTION, "relu": trt.LayerType.ACTIVATION, "mean": trt.LayerType.POOLING,
    }
    engine = trt.Runtime(logger).deserialize_cuda_engine(
        builder.build_serialized_network(network, builder.create_builder_config())
    )
    assert list(engine) == ["x", "maps", "mean", "convolved"]
    context = engine.create_execution_context()
    arrays = [np.empty(tuple(engine.get_binding_shape(name)), np.float32) for name in engine]
    memory = [cuda.to_device(image), *(cuda.mem_alloc(array.nbytes) for array in arrays[1:])]
    assert context.execute_v2([int(allocation) for allocation in memory])
    for array, allocation in zip(arrays[1:], memory[1:]):
        cuda.memcpy_dtoh(array, allocation)
    close(arrays[1:3], expected(model, {"x": image}))
    np.testing.assert_allclose(np.maximum(arrays[3], 0), arrays[1], atol=1e-6)


def test_a_plan_that_is_rebuilt_when_it_cannot_be_loaded(model_path, logger, tmp_path):
    """Load the engine file if it works, else build and save it."""

    def engine_of(path):
        with contextlib.suppress(OSError):
            with open(path, "rb") as file, trt.Runtime(logger) as runtime_:
                engine = runtime_.deserialize_cuda_engine(file.read())
                if engine is not None:
                    return engine, False
        builder = trt.Builder(logger)
        network = builder.create_network(1)
        assert trt.OnnxParser(network, logger).parse_from_file(model_path)
        plan = builder.build_serialized_network(network, builder.create_builder_config())
        with open(path, "wb") as file:
            file.write(plan)
        return trt.Runtime(logger).deserialize_cuda_engine(plan), True

    path = tmp_path / "cached.engine"
    path.write_bytes(b"ftrt, from a GPU")
    assert [engine_of(path)[1] for _ in range(2)] == [True, False]


def test_ctypes_with_libcudart(engine, model, image):
    """A wrapper of one's own over `libcudart.so`."""
    from alula.dropin import runtime_library

    if runtime_library() is None:
        pytest.skip("libcudart.so was not built")
    library = ctypes.CDLL("libcudart.so")

    def check(code):
        assert code == 0, code

    stream, addresses = ctypes.c_void_p(), []
    check(library.cudaStreamCreate(ctypes.byref(stream)))
    arrays = [image, np.empty((1, 5, 12, 12), np.float32), np.empty((1, 5, 1, 1), np.float32)]
    for array in arrays:
        pointer = ctypes.c_void_p()
        check(library.cudaMalloc(ctypes.byref(pointer), ctypes.c_size_t(array.nbytes)))
        addresses.append(pointer)

    def copy(target, source, count, kind):
        check(library.cudaMemcpyAsync(target, source, ctypes.c_size_t(count), kind, stream))

    copy(addresses[0], image.ctypes.data_as(ctypes.c_void_p), image.nbytes, 1)
    context = engine.create_execution_context()
    for index, address in enumerate(addresses):
        context.set_tensor_address(engine.get_tensor_name(index), int(address.value))
    assert context.execute_async_v3(stream_handle=int(stream.value))
    for array, address in zip(arrays[1:], addresses[1:]):
        copy(array.ctypes.data_as(ctypes.c_void_p), address, array.nbytes, 2)
    check(library.cudaStreamSynchronize(stream))
    close(arrays[1:], expected(model, {"x": image}))
    for address in addresses:
        check(library.cudaFree(address))
    check(library.cudaStreamDestroy(stream))
