# SPDX-License-Identifier: Apache-2.0
"""The execute calls: what each means, and that all give ONNX Runtime's numbers."""

import numpy as np
import pycuda.driver as cuda
import pytest
import tensorrt as trt
from buffers import Buffers
from models import convolution_model, expected


def close(results, wanted):
    assert len(results) == len(wanted)
    for result, value in zip(results, wanted):
        np.testing.assert_allclose(result.reshape(value.shape), value, rtol=1e-4, atol=1e-5)


def infer(engine, context, image, call, batch_size=None):
    buffers = Buffers(engine, context, batch_size)
    buffers.fill(image)
    buffers.upload()
    assert call(buffers)
    buffers.download()
    buffers.stream.synchronize()
    return buffers.results()


def test_version_2(engine, model, image):
    context = engine.create_execution_context()
    close(
        infer(engine, context, image, lambda b: context.execute_async_v2(bindings=b.bindings, stream_handle=b.stream.handle)),
        expected(model, {"x": image}),
    )


def test_version_3(engine, model, image):
    context = engine.create_execution_context()

    def call(buffers):
        for index, address in enumerate(buffers.bindings):
            assert context.set_tensor_address(engine.get_tensor_name(index), address)
        return context.execute_async_v3(buffers.stream.handle)

    close(infer(engine, context, image, call), expected(model, {"x": image}))


@pytest.mark.parametrize("batch", [1, 3, 4])
def test_version_1_with_an_implicit_batch(implicit_plan, logger, batch):
    engine = trt.Runtime(logger).deserialize_cuda_engine(implicit_plan)
    assert (engine.max_batch_size, engine.has_implicit_batch_dimension) == (4, True)
    assert tuple(engine.get_binding_shape("x")) == (3, 12, 12)
    context = engine.create_execution_context()
    images = np.random.default_rng(1).standard_normal((batch, 3, 12, 12)).astype(np.float32)
    results = infer(
        engine, context, images,
        lambda b: context.execute_async(batch_size=batch, bindings=b.bindings, stream_handle=b.stream.handle), batch,
    )
    close(results, expected(convolution_model("n"), {"x": images}))


def test_synchronous_calls(engine, implicit_plan, logger, model, image):
    context = engine.create_execution_context()
    close(
        infer(engine, context, image, lambda b: b.stream.synchronize() or context.execute_v2(b.bindings)),
        expected(model, {"x": image}),
    )
    implicit = trt.Runtime(logger).deserialize_cuda_engine(implicit_plan)
    context = implicit.create_execution_context()
    close(
        infer(implicit, context, image, lambda b: b.stream.synchronize() or context.execute(1, b.bindings), 1),
        expected(model, {"x": image}),
    )


def test_version_1_on_an_explicit_batch_warns_once_and_takes_one(engine, model, image, logger):
    context = engine.create_execution_context()
    for _ in range(2):
        close(
            infer(engine, context, image, lambda b: context.execute_async(1, b.bindings, b.stream.handle)),
            expected(model, {"x": image}),
        )
    assert len([text for text in logger.warnings() if "execute_async" in text]) == 1
    buffers = Buffers(engine, context)
    assert context.execute_async(2, buffers.bindings, buffers.stream.handle) is False
    text = logger.errors()[0]
    assert "got 2" in text and "expected 1" in text


def test_version_2_on_an_implicit_batch_names_the_call_to_use(implicit_plan, logger):
    engine = trt.Runtime(logger).deserialize_cuda_engine(implicit_plan)
    context = engine.create_execution_context()
    buffers = Buffers(engine, context, 4)
    assert context.execute_async_v2(buffers.bindings, buffers.stream.handle) is False
    assert "execute_async" in logger.errors()[0]


@pytest.mark.parametrize("batch", [0, 5, -1])
def test_a_batch_out_of_range_names_the_maximum(implicit_plan, logger, batch):
    engine = trt.Runtime(logger).deserialize_cuda_engine(implicit_plan)
    context = engine.create_execution_context()
    buffers = Buffers(engine, context, 4)
    assert context.execute_async(batch, buffers.bindings, buffers.stream.handle) is False
    text = logger.errors()[0]
    assert "4" in text and str(batch) in text


def test_input_consumed_fires_for_every_version(engine, implicit_plan, logger, image):
    context = engine.create_execution_context()
    buffers = Buffers(engine, context)
    buffers.fill(image)
    event = cuda.Event()
    assert context.execute_async_v2(buffers.bindings, buffers.stream.handle, event.handle)
    event.synchronize()
    assert context.execute_async_v2(buffers.bindings, buffers.stream.handle, input_consumed=event)
    event.synchronize()
    assert context.set_input_consumed_event(event.handle) and context.get_input_consumed_event() == event.handle
    for index, address in enumerate(buffers.bindings):
        context.set_tensor_address(engine.get_tensor_name(index), address)
    assert context.execute_async_v3(buffers.stream.handle)
    event.synchronize()
    assert event.query()
    assert context.set_input_consumed_event(0) and context.get_input_consumed_event() == 0
    buffers.stream.synchronize()


def test_dynamic_shapes_by_index_and_by_name(dynamic_plan, logger):
    engine = trt.Runtime(logger).deserialize_cuda_engine(dynamic_plan)
    assert tuple(engine.get_binding_shape(0)) == (-1, 3, 12, 12)
    assert [tuple(shape) for shape in engine.get_profile_shape(0, "x")] == [(n, 3, 12, 12) for n in (1, 2, 6)]
    assert [tuple(shape) for shape in engine.get_tensor_profile_shape("x", 0)] == [(n, 3, 12, 12) for n in (1, 2, 6)]
    context = engine.create_execution_context()
    assert context.infer_shapes() == ["x"] and not context.all_binding_shapes_specified
    model = convolution_model("n")
    for batch in (1, 6, 3):
        images = np.random.default_rng(batch).standard_normal((batch, 3, 12, 12)).astype(np.float32)
        if batch == 6:
            assert context.set_input_shape("x", images.shape)
        else:
            assert context.set_binding_shape(0, images.shape)
        assert context.infer_shapes() == [] and context.all_binding_shapes_specified
        assert tuple(context.get_binding_shape(1)) == (batch, 5, 12, 12) == tuple(context.get_tensor_shape("maps"))
        assert tuple(context.get_strides(1)) == (720, 144, 12, 1)
        results = infer(engine, context, images, lambda b: context.execute_async_v2(b.bindings, b.stream.handle))
        close(results, expected(model, {"x": images}))
    assert context.set_binding_shape(0, (7, 3, 12, 12)) is False
    assert "7" in logger.errors()[0]


def test_profiles_name_their_bindings(logger):
    from models import build

    shapes = [[(n, 3, 12, 12) for n in ns] for ns in ((1, 1, 1), (2, 3, 4))]
    plan = build(convolution_model("n"), logger, profiles=[{"x": one} for one in shapes])
    engine = trt.Runtime(logger).deserialize_cuda_engine(plan)
    assert (len(engine), engine.num_bindings, engine.num_io_tensors, engine.num_optimization_profiles) == (6, 6, 3, 2)
    assert list(engine) == ["x", "maps", "mean", "x [profile 1]", "maps [profile 1]", "mean [profile 1]"]
    assert (engine["x [profile 1]"], engine[-1], engine.get_binding_index("none")) == (3, "mean [profile 1]", -1)
    inspector = engine.create_engine_inspector()
    layers = [inspector.get_layer_information(n, trt.LayerInformationFormat.ONELINE) for n in range(engine.num_layers)]
    assert layers[: len(layers) // 2] == layers[len(layers) // 2 :] and all(layers)
    context = engine.create_execution_context()
    stream = cuda.Stream()
    assert context.set_optimization_profile_async(1, stream.handle)
    assert context.active_optimization_profile == 1
    assert context.set_binding_shape(3, (4, 3, 12, 12))
    images = np.random.default_rng(2).standard_normal((4, 3, 12, 12)).astype(np.float32)
    arrays = [images, np.empty((4, 5, 12, 12), np.float32), np.empty((4, 5, 1, 1), np.float32)]
    memory = [cuda.to_device(array) for array in arrays]
    assert context.execute_v2([0, 0, 0] + [int(allocation) for allocation in memory])  # the bindings of all profiles
    for array, allocation in zip(arrays[1:], memory[1:]):
        cuda.memcpy_dtoh(array, allocation)
    close(arrays[1:], expected(convolution_model("n"), {"x": images}))


def test_output_allocator_is_asked_and_told(engine, model, image, logger):
    class Allocator(trt.IOutputAllocator):
        def __init__(self):
            trt.IOutputAllocator.__init__(self)
            self.memory, self.shapes, self.sizes = {}, {}, {}

        def reallocate_output(self, tensor_name, memory, size, alignment):
            self.sizes[tensor_name] = (memory, size, alignment)
            self.memory[tensor_name] = cuda.mem_alloc(size)
            return int(self.memory[tensor_name])

        def notify_shape(self, tensor_name, shape):
            self.shapes[tensor_name] = tuple(shape)

    context, allocator, stream = engine.create_execution_context(), Allocator(), cuda.Stream()
    source = cuda.to_device(image)
    assert context.set_tensor_address("x", int(source))
    for name in ("maps", "mean"):
        assert context.set_output_allocator(name, allocator) and context.get_output_allocator(name) is allocator
        assert context.get_max_output_size(name) > 0
    assert context.execute_async_v3(stream.handle)
    assert allocator.shapes == {"maps": (1, 5, 12, 12), "mean": (1, 5, 1, 1)}
    assert allocator.sizes["mean"][1] == 20
    results = [np.empty(allocator.shapes[name], np.float32) for name in ("maps", "mean")]
    for name, array in zip(("maps", "mean"), results):
        cuda.memcpy_dtoh_async(array, allocator.memory[name], stream)
    stream.synchronize()
    close(results, expected(model, {"x": image}))
    assert context.set_output_allocator("x", allocator) is False


def test_outputs_whose_size_only_the_run_tells(logger):
    builder = trt.Builder(logger)
    network = builder.create_network(1)
    x = network.add_input("x", trt.float32, (3, 4))
    found = network.add_non_zero(x).get_output(0)
    found.name = "found"
    network.mark_output(found)
    engine = trt.Runtime(logger).deserialize_cuda_engine(
        builder.build_serialized_network(network, builder.create_builder_config())
    )
    array = np.array([[0, 1, 0, 2], [0, 0, 0, 0], [3, 0, 0, 4]], np.float32)
    source, shapes, memory = cuda.to_device(array), [], []

    class Allocator(trt.IOutputAllocator):
        def reallocate_output(self, tensor_name, memory_, size, alignment):
            memory.append(cuda.mem_alloc(max(1, size)))
            return int(memory[-1])

        def notify_shape(self, tensor_name, shape):
            shapes.append(tuple(shape))

    context, stream, allocator = engine.create_execution_context(), cuda.Stream(), Allocator()
    context.set_tensor_address("x", int(source))
    context.set_output_allocator("found", allocator)
    assert context.execute_async_v3(stream.handle), logger.messages
    assert shapes == [(2, 4)]
    result = np.empty((2, 4), np.int32)
    cuda.memcpy_dtoh(result, memory[-1])
    assert (result == np.array(np.nonzero(array))).all()


def test_profiler_gets_every_layer(engine, image, logger):
    class Profiler(trt.IProfiler):
        def __init__(self):
            trt.IProfiler.__init__(self)
            self.times = {}

        def report_layer_time(self, layer_name, ms):
            self.times[layer_name] = ms

    context = engine.create_execution_context()
    context.profiler = profiler = Profiler()
    buffers = Buffers(engine, context)
    buffers.fill(image)
    buffers.upload()
    assert context.execute_async_v2(buffers.bindings, buffers.stream.handle)  # emits: synchronous, as documented
    assert len(profiler.times) == engine.num_layers and all(time >= 0 for time in profiler.times.values())
    profiler.times.clear()
    context.enqueue_emits_profile = False
    assert context.execute_async_v2(buffers.bindings, buffers.stream.handle)
    buffers.stream.synchronize()
    assert not profiler.times
    assert context.report_to_profiler() and len(profiler.times) == engine.num_layers


def test_inspector_names_layers(engine, logger):
    inspector = engine.create_engine_inspector()
    text = inspector.get_engine_information(trt.LayerInformationFormat.ONELINE)
    assert len(text.splitlines()) == engine.num_layers
    import json

    document = json.loads(inspector.get_engine_information(trt.LayerInformationFormat.JSON))
    assert len(document["Layers"]) == engine.num_layers
    assert json.loads(inspector.get_layer_information(0, trt.LayerInformationFormat.JSON))["Name"]
    assert inspector.get_layer_information(99, trt.LayerInformationFormat.JSON) == ""


def test_an_engine_is_serialized_and_loaded(engine, model, image, logger, tmp_path):
    path = tmp_path / "engine.plan"
    path.write_bytes(engine.serialize())
    with open(path, "rb") as file, trt.Runtime(logger) as runtime:
        loaded = runtime.deserialize_cuda_engine(file.read())
    assert [loaded.get_binding_name(index) for index in range(3)] == ["x", "maps", "mean"]
    assert [loaded.binding_is_input(index) for index in range(3)] == [True, False, False]
    with loaded.create_execution_context() as context:
        close(
            infer(loaded, context, image, lambda b: context.execute_async_v2(b.bindings, b.stream.handle)),
            expected(model, {"x": image}),
        )

    class Reader(trt.IStreamReader):
        def __init__(self):
            trt.IStreamReader.__init__(self)
            self.file = open(path, "rb")

        def read(self, size):
            return self.file.read(size)

    assert trt.Runtime(logger).deserialize_cuda_engine(Reader()).num_io_tensors == 3


def test_refitter_replaces_weights(model, image, logger):
    from models import build

    plan = build(model, logger, flags=[trt.BuilderFlag.REFIT])
    engine = trt.Runtime(logger).deserialize_cuda_engine(plan)
    context = engine.create_execution_context()
    refitter = trt.Refitter(engine, logger)
    assert engine.refittable and {"weight", "bias"} <= set(refitter.get_all_weights())
    assert refitter.set_named_weights("bias", np.full(5, 100, np.float32))
    assert refitter.set_named_weights("bias", np.zeros(4, np.float32)) is False
    assert "4" in logger.errors()[0]
    assert refitter.set_named_weights("nothing", np.zeros(4, np.float32)) is False
    assert refitter.refit_cuda_engine()
    results = infer(engine, context, image, lambda b: context.execute_async_v2(b.bindings, b.stream.handle))
    assert results[0].min() > 50
    loaded = trt.Runtime(logger).deserialize_cuda_engine(bytes(plan))
    assert not loaded.refittable and trt.Refitter(loaded, logger).refit_cuda_engine() is False


def test_capture_and_replay_through_cuda_python(engine, model, image):
    from cuda.bindings import runtime as cudart

    context = engine.create_execution_context()
    buffers = Buffers(engine, context)
    _, stream = cudart.cudaStreamCreate()
    assert cudart.cudaStreamBeginCapture(stream, cudart.cudaStreamCaptureMode.cudaStreamCaptureModeGlobal)[0] == 0
    for buffer in buffers.inputs:
        cudart.cudaMemcpyAsync(int(buffer.device), buffer.host, buffer.host.nbytes, 1, stream)
    assert context.execute_async_v2(buffers.bindings, stream)
    for buffer in buffers.outputs:
        cudart.cudaMemcpyAsync(buffer.host, int(buffer.device), buffer.host.nbytes, 2, stream)
    code, graph = cudart.cudaStreamEndCapture(stream)
    assert code == 0
    code, executable = cudart.cudaGraphInstantiate(graph, 0)
    assert code == 0
    for scale in (1, 2):
        buffers.fill(image * scale)
        assert cudart.cudaGraphLaunch(executable, stream) == (0,)
        assert cudart.cudaStreamSynchronize(stream) == (0,)
        close(buffers.results(), expected(model, {"x": image * np.float32(scale)}))
    assert cudart.cudaGraphExecDestroy(executable) == (0,) and cudart.cudaGraphDestroy(graph) == (0,)
