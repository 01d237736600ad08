# SPDX-License-Identifier: Apache-2.0
"""What is wrong is named, and nothing crashes: arrays, addresses, bindings, handles, objects that are gone."""

import gc

import numpy as np
import pycuda.driver as cuda
import pytest
import tensorrt as trt
from buffers import Buffers
from models import convolution_model, expected
from cuda.bindings import runtime as cudart


def failed(call, logger):
    """The error that a call logs instead of raising."""
    logger.errors()
    assert call() is False
    (text,) = logger.errors()
    return text


# Arrays

def test_an_array_of_the_wrong_type_does_not_fit(image):
    memory = cuda.mem_alloc(image.nbytes)
    with pytest.raises(cuda.LogicError) as error:
        cuda.memcpy_htod_async(memory, image.astype(np.float64), cuda.Stream())
    text = str(error.value)
    assert "float64" in text and str(image.nbytes) in text and str(2 * image.nbytes) in text


@pytest.mark.parametrize("copy", ["htod", "htod_async", "dtoh", "dtoh_async"])
def test_an_array_that_is_too_large_names_both_sizes(image, copy):
    memory, large = cuda.mem_alloc(image.nbytes), np.zeros(image.size + 1, np.float32)
    function = getattr(cuda, f"memcpy_{copy}")
    with pytest.raises(cuda.LogicError) as error:
        function(memory, large) if "htod" in copy else function(large, memory)
    assert str(image.nbytes) in str(error.value) and str(image.nbytes + 4) in str(error.value)


@pytest.mark.parametrize("copy", ["htod", "htod_async", "dtoh", "dtoh_async"])
def test_an_array_that_is_not_contiguous_is_refused(copy):
    memory, array = cuda.mem_alloc(4096), np.zeros((8, 8), np.float32)[:, ::2]
    function = getattr(cuda, f"memcpy_{copy}")
    with pytest.raises(ValueError, match="contiguous.*ascontiguousarray"):
        function(memory, array) if "htod" in copy else function(array, memory)


def test_a_read_only_destination_is_refused():
    memory, array = cuda.mem_alloc(64), np.zeros(16, np.float32)
    array.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        cuda.memcpy_dtoh(array, memory)


def test_something_that_is_no_array_is_refused():
    memory = cuda.mem_alloc(64)
    with pytest.raises(TypeError, match="list"):
        cuda.memcpy_htod(memory, [1.0, 2.0])


def test_host_memory_is_not_device_memory():
    array = np.zeros(16, np.float32)
    with pytest.raises(cuda.LogicError):
        cuda.memcpy_htod(array.ctypes.data, array)
    assert cudart.cudaMemcpy(array.ctypes.data, array, 64, cudart.cudaMemcpyKind.cudaMemcpyHostToDevice)[0] != 0


# Addresses and bindings

@pytest.fixture
def context(engine):
    return engine.create_execution_context()


@pytest.fixture
def buffers(engine, context):
    return Buffers(engine, context)


def test_a_freed_allocation(context, buffers, logger):
    freed = cuda.mem_alloc(1 << 16)
    address = int(freed)
    freed.free()
    with pytest.raises(cuda.LogicError, match="freed"):
        int(freed)
    with pytest.raises(cuda.LogicError, match="freed"):
        freed.free()
    with pytest.raises(cuda.LogicError, match="freed"):
        cuda.memcpy_htod(freed, np.zeros(4, np.float32))
    bindings = [address, *buffers.bindings[1:]]
    text = failed(lambda: context.execute_async_v2(bindings, buffers.stream.handle), logger)
    assert "'x'" in text and f"{address:x}" in text.lower()
    text = failed(lambda: context.execute_v2(bindings), logger)
    assert "'x'" in text


@pytest.mark.parametrize("count", [0, 2, 4])
def test_bindings_of_the_wrong_length(context, buffers, logger, count):
    bindings = (buffers.bindings * 2)[:count]
    for call in (
        lambda: context.execute_async_v2(bindings, buffers.stream.handle),
        lambda: context.execute_v2(bindings),
        lambda: context.execute_async(1, bindings, buffers.stream.handle),
    ):
        text = failed(call, logger)
        assert f"got {count}" in text and "expected 3" in text


def test_bindings_of_the_wrong_kind(context, buffers, logger):
    for binding, word in ((None, "NoneType"), ("x", "str"), (np.zeros(4), "ndarray"), (1.5, "float")):
        bindings = [binding, *buffers.bindings[1:]]
        text = failed(lambda: context.execute_async_v2(bindings, buffers.stream.handle), logger)
        assert "binding 0" in text and word in text


def test_allocations_themselves_are_bindings(context, buffers, model, image):
    buffers.fill(image)
    buffers.upload()
    allocations = [buffer.device for buffer in buffers.inputs + buffers.outputs]
    assert context.execute_async_v2(allocations, buffers.stream.handle)
    buffers.download()
    buffers.stream.synchronize()
    np.testing.assert_allclose(buffers.results()[0], expected(model, {"x": image})[0], rtol=1e-4, atol=1e-5)


def test_a_short_buffer_names_both_sizes(context, buffers, logger):
    short = cuda.mem_alloc(16)
    text = failed(lambda: context.execute_async_v2([int(short), *buffers.bindings[1:]], buffers.stream.handle), logger)
    assert "'x'" in text and "16" in text and str(3 * 12 * 12 * 4) in text


def test_version_3_without_addresses_and_with_wrong_ones(context, buffers, logger):
    assert "'x'" in failed(lambda: context.execute_async_v3(buffers.stream.handle), logger)
    assert "nobody" in failed(lambda: context.set_tensor_address("nobody", 256), logger)
    assert "list" in failed(lambda: context.set_tensor_address("x", []), logger)
    assert context.set_tensor_address("x", 0x1234_5600)
    assert "'x'" in failed(lambda: context.execute_async_v3(buffers.stream.handle), logger)


def test_shapes_that_do_not_fit(context, logger):
    text = failed(lambda: context.set_input_shape("x", (1, 4, 12, 12)), logger)
    assert "'x'" in text and "4" in text
    failed(lambda: context.set_input_shape("x", (1, 3)), logger)
    failed(lambda: context.set_input_shape("nobody", (1, 3)), logger)
    failed(lambda: context.set_binding_shape(1, (1, 5, 12, 12)), logger)
    failed(lambda: context.set_binding_shape(9, (1,)), logger)


# Handles

def test_a_number_where_a_stream_is_expected(context, buffers, logger, image):
    for number in (12345, (1 << 64) - 1):
        text = failed(lambda: context.execute_async_v2(buffers.bindings, number), logger)
        assert "handle" in text
    for wrong in ("stream", 1.5, -3):
        text = failed(lambda: context.execute_async_v2(buffers.bindings, wrong), logger)
        assert "stream" in text
    with pytest.raises(TypeError, match="stream.*int"):
        cuda.memcpy_htod_async(buffers.inputs[0].device, image, 5)
    with pytest.raises(TypeError, match="stream.*int"):
        cuda.Event().record(5)


def test_an_event_where_a_stream_is_expected(context, buffers, logger):
    event = cuda.Event()
    text = failed(lambda: context.execute_async_v2(buffers.bindings, event.handle), logger)
    assert "event" in text and "stream" in text
    text = failed(lambda: context.execute_async_v2(buffers.bindings, 0, buffers.stream.handle), logger)
    assert "event" in text and "stream" in text


def test_the_stream_with_handle_0_is_the_default_stream(context, buffers, model, image):
    buffers.fill(image)
    for stream in (0, None):
        cuda.memcpy_htod_async(buffers.inputs[0].device, buffers.inputs[0].host)
        assert context.execute_async_v2(buffers.bindings, stream)
        for buffer in buffers.outputs:
            cuda.memcpy_dtoh_async(buffer.host, buffer.device)
        cuda.Context.synchronize()
        np.testing.assert_allclose(buffers.results()[0], expected(model, {"x": image})[0], rtol=1e-4, atol=1e-5)


def test_a_stream_that_is_gone(context, buffers, logger):
    stream = cuda.Stream()
    handle = stream.handle
    del stream
    text = failed(lambda: context.execute_async_v2(buffers.bindings, handle), logger)
    assert "stale" in text or "destroyed" in text


def test_a_stream_that_is_no_object_any_more_is_refused_by_cuda_python():
    _, stream = cudart.cudaStreamCreate()
    assert cudart.cudaStreamDestroy(stream)[0] == 0
    code = cudart.cudaStreamSynchronize(stream)[0]
    assert code == cudart.cudaError_t.cudaErrorInvalidValue
    assert b"stream" in cudart.cudaGetErrorString(code)[1]
    assert cudart.cudaGetLastError() == (code,) and cudart.cudaGetLastError()[0] == 0


# Objects that are gone

@pytest.mark.parametrize("order", ["engine first", "runtime first", "logger first", "buffers first"])
def test_any_order_of_deletion(plan, model, image, order):
    from models import RecordingLogger

    logger = RecordingLogger()
    runtime = trt.Runtime(logger)
    engine = runtime.deserialize_cuda_engine(plan)
    context = engine.create_execution_context()
    buffers = Buffers(engine, context)
    buffers.fill(image)
    buffers.upload()
    if order == "engine first":
        del engine
    elif order == "runtime first":
        del runtime
    elif order == "logger first":
        del logger
    gc.collect()
    assert context.execute_async_v2(buffers.bindings, buffers.stream.handle)
    if order == "buffers first":
        host, device, stream = buffers.outputs[0].host, buffers.outputs[0].device, buffers.stream
        del buffers, context, engine, runtime
        gc.collect()
        cuda.memcpy_dtoh_async(host, device, stream)
        stream.synchronize()
        result = host
    else:
        buffers.download()
        del context
        gc.collect()
        buffers.stream.synchronize()
        result = buffers.outputs[0].host
    np.testing.assert_allclose(result, expected(model, {"x": image})[0].ravel(), rtol=1e-4, atol=1e-5)


def test_memory_freed_while_in_flight_is_kept_by_the_work(engine, image):
    for _ in range(50):
        context = engine.create_execution_context()
        buffers = Buffers(engine, context)
        buffers.fill(image)
        buffers.upload()
        assert context.execute_async_v2(buffers.bindings, buffers.stream.handle)
        buffers.download()
        del buffers, context  # everything, the stream included, while commands are under way
    cuda.Context.synchronize()


def test_one_context_in_flight_on_two_streams_is_named(context, buffers, logger):
    """The second enqueue is refused while the first runs; on a quick machine the first may be over by then."""
    other = cuda.Stream()
    answers = [
        context.execute_async_v2(buffers.bindings, handle)
        for _ in range(50)
        for handle in (buffers.stream.handle, other.handle)
    ]
    cuda.Context.synchronize()
    assert answers[0] is True
    assert all("stream" in text for text in logger.errors())


# Models and plans

def test_a_plan_of_tensorrt_is_refused_with_what_to_do(logger):
    assert trt.Runtime(logger).deserialize_cuda_engine(b"ftrt" + bytes(64)) is None
    (text,) = logger.errors()
    assert "NVIDIA TensorRT" in text and "ONNX" in text


@pytest.mark.parametrize("data", [b"", b"not a plan", bytes(1000)])
def test_bytes_that_are_no_plan(logger, data):
    assert trt.Runtime(logger).deserialize_cuda_engine(data) is None
    assert logger.errors()


def test_a_corrupted_plan(plan, logger):
    broken = bytearray(plan)
    broken[len(broken) // 2] ^= 1
    assert trt.Runtime(logger).deserialize_cuda_engine(bytes(broken)) is None
    assert logger.errors()


def test_a_model_that_cannot_be_read(logger, tmp_path):
    network = trt.Builder(logger).create_network(1)
    parser = trt.OnnxParser(network, logger)
    assert parser.parse(b"nonsense") is False and parser.num_errors == 1
    assert parser.get_error(0).desc() and str(parser.get_error(0))
    assert parser.parse_from_file(str(tmp_path / "missing.onnx")) is False
    assert "missing.onnx" in parser.get_error(0).desc()
    parser.clear_errors()
    assert parser.num_errors == 0


def test_an_operator_that_is_not_supported_is_named(logger):
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("NoSuchOperator", ["x"], ["y"], name="first", domain="custom")], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid("custom", 1)])
    model.ir_version = 8
    network = trt.Builder(logger).create_network(1)
    parser = trt.OnnxParser(network, logger)
    assert parser.parse(model.SerializeToString()) is False
    assert "NoSuchOperator" in parser.get_error(0).desc()
    assert parser.supports_model(model.SerializeToString())[0] is False


def test_a_calibrator_is_refused_by_name(model, logger):
    builder = trt.Builder(logger)
    network = builder.create_network(1)
    assert trt.OnnxParser(network, logger).parse(model)
    config = builder.create_builder_config()
    config.set_flag(trt.BuilderFlag.INT8)
    config.int8_calibrator = trt.IInt8EntropyCalibrator2()
    logger.errors()
    assert builder.build_serialized_network(network, config) is None
    (text,) = logger.errors()
    assert "calibrator" in text and "Q/DQ" in text


def test_a_plugin_in_python_is_refused_by_name(logger):
    class Mine(trt.IPluginV2DynamicExt):
        plugin_type = "MinePlugin"

    class Creator(trt.IPluginCreator):
        name = "MinePlugin"

        def create_plugin(self, name, field_collection):
            return Mine()

    registry = trt.get_plugin_registry()
    creator = Creator()
    assert registry.register_creator(creator, "") and registry.get_plugin_creator("MinePlugin", "1") is creator
    assert registry.register_creator(Creator(), "") is False
    network = trt.Builder(logger).create_network(1)
    x = network.add_input("x", trt.float32, (1, 4))
    plugin = creator.create_plugin("p", trt.PluginFieldCollection([]))
    assert network.add_plugin_v2([x], plugin) is None
    assert "MinePlugin" in logger.errors()[0]
    assert registry.deregister_creator(creator)


def test_the_error_recorder_gets_what_the_logger_gets(context, buffers):
    class Recorder(trt.IErrorRecorder):
        def __init__(self):
            trt.IErrorRecorder.__init__(self)
            self.kept = []

        def report_error(self, code, description):
            self.kept.append((code, description))
            return True

    context.error_recorder = recorder = Recorder()
    assert context.execute_async_v2([], buffers.stream.handle) is False
    ((code, text),) = recorder.kept
    assert code == trt.ErrorCodeTRT.INVALID_ARGUMENT and "expected 3" in text


def test_a_logger_that_is_none_is_refused():
    for cls in (trt.Builder, trt.Runtime):
        with pytest.raises(TypeError, match="logger"):
            cls("no logger")


def test_two_threads_in_one_context_get_an_error_not_a_race(engine, image):
    import threading

    context = engine.create_execution_context()
    buffers = Buffers(engine, context)
    results = []

    def work():
        for _ in range(300):
            results.append(context.execute_async_v2(buffers.bindings, buffers.stream.handle))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    buffers.stream.synchronize()
    assert results.count(True) > 0 and len(results) == 600


def test_dimensions_that_vary_by_name(logger):
    assert trt.volume(trt.Dims4(1, 2, 3, 4)) == 24 and trt.volume(()) == 1
    assert trt.Dims((1, 2)) == (1, 2) == tuple(trt.Dims([1, 2]))
    with pytest.raises(ValueError):
        trt.Dims3((1, 2))
    with pytest.raises(TypeError):
        trt.nptype(trt.DataType.FP8)
    del logger
    assert convolution_model
