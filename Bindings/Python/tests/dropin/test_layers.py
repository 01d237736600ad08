# SPDX-License-Identifier: Apache-2.0
"""Every layer that can be added computes what TensorRT documents: NumPy, PyTorch-free, is the oracle."""

import numpy as np
import pycuda.driver as cuda
import pytest
import tensorrt as trt

rng = np.random.default_rng(3)


def run(logger, inputs, add, *, explicit=True):
    """Builds a network of `add(network, *tensors)` and runs it; gives its outputs."""
    builder = trt.Builder(logger)
    network = builder.create_network(int(explicit))
    tensors = []
    for index, array in enumerate(inputs):
        shape = array.shape if explicit else array.shape[1:]
        tensors.append(network.add_input(f"input{index}", trt_type(array.dtype), shape))
    outputs = add(network, *tensors)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    for index, tensor in enumerate(outputs):
        tensor.name = f"output{index}"
        network.mark_output(tensor)
    builder.max_batch_size = max((array.shape[0] for array in inputs), default=1)
    config = builder.create_builder_config()
    config.builder_optimization_level = 0
    plan = builder.build_serialized_network(network, config)
    assert plan is not None, logger.messages[-3:]
    engine = trt.Runtime(logger).deserialize_cuda_engine(plan)
    context = engine.create_execution_context()
    memory, results = [], []
    for name in engine:
        if engine.binding_is_input(name):
            array = np.ascontiguousarray(inputs[int(name.removeprefix("input"))])
            memory.append(cuda.to_device(array))
            continue
        shape = tuple(context.get_binding_shape(engine[name]))
        results.append(np.empty(shape if explicit else (len(inputs[0]), *shape), trt.nptype(engine.get_binding_dtype(name))))
        memory.append(cuda.mem_alloc(max(1, results[-1].nbytes)))
    bindings = [int(allocation) for allocation in memory]
    ran = context.execute_v2(bindings) if explicit else context.execute(len(inputs[0]), bindings)
    assert ran, logger.messages[-3:]
    for result, allocation in zip(results, memory[len(inputs) :]):
        cuda.memcpy_dtoh(result, allocation)
    return results


def trt_type(dtype):
    return {"float32": trt.float32, "int32": trt.int32, "bool": trt.bool, "int8": trt.int8}[np.dtype(dtype).name]


def floats(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def convolve(image, kernel, bias, *, pad=0, stride=1, dilation=1, groups=1):
    """The definition of a two-dimensional convolution."""
    image = np.pad(image.astype(np.float64), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    count, channels, height, width = image.shape
    maps, _, kh, kw = kernel.shape
    oh = (height - dilation * (kh - 1) - 1) // stride + 1
    ow = (width - dilation * (kw - 1) - 1) // stride + 1
    result = np.zeros((count, maps, oh, ow))
    for m in range(maps):
        first = m // (maps // groups) * (channels // groups)
        for c in range(channels // groups):
            for y in range(kh):
                for x in range(kw):
                    window = image[:, first + c, y * dilation :, x * dilation :]
                    result[:, m] += kernel[m, c, y, x] * window[:, : oh * stride : stride, : ow * stride : stride]
    return result + np.reshape(bias, (1, -1, 1, 1))


def close(actual, wanted, tolerance=1e-5):
    assert actual.shape == np.shape(wanted), (actual.shape, np.shape(wanted))
    np.testing.assert_allclose(actual, wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("settings", [{}, {"pad": 1}, {"pad": 2, "stride": 2}, {"dilation": 2}, {"groups": 2}])
def test_convolution(logger, settings):
    image, kernel, bias = floats(2, 4, 9, 11), floats(6, 4 // settings.get("groups", 1), 3, 3), floats(6)

    def add(network, x):
        layer = network.add_convolution_nd(x, 6, (3, 3), kernel, trt.Weights(bias))
        layer.padding_nd = (settings.get("pad", 0),) * 2
        layer.stride_nd = (settings.get("stride", 1),) * 2
        layer.dilation_nd = (settings.get("dilation", 1),) * 2
        layer.num_groups = settings.get("groups", 1)
        return layer.get_output(0)

    close(run(logger, [image], add)[0], convolve(image, kernel, bias, **settings), 1e-4)


def test_convolution_with_an_implicit_batch_keeps_the_spelling_of_version_7(logger):
    image, kernel = floats(3, 2, 8, 8), floats(4, 2, 3, 3)

    def add(network, x):
        layer = network.add_convolution(x, 4, (3, 3), kernel, np.zeros(4, np.float32))
        layer.padding, layer.stride = (1, 1), (2, 2)
        assert tuple(layer.get_output(0).shape) == (4, 4, 4)
        return layer.get_output(0)

    close(run(logger, [image], add, explicit=False)[0], convolve(image, kernel, np.zeros(4), pad=1, stride=2), 1e-4)


def test_deconvolution_is_the_transposed_convolution(logger):
    image, kernel = floats(1, 3, 5, 5), floats(3, 2, 2, 2)

    def add(network, x):
        layer = network.add_deconvolution_nd(x, 2, (2, 2), kernel)
        layer.stride_nd = (2, 2)
        return layer.get_output(0)

    wanted = np.einsum("ncyx,cmij->nmyixj", image, kernel).reshape(1, 2, 10, 10)
    close(run(logger, [image], add)[0], wanted)


def test_fully_connected_flattens_the_last_three_axes(logger):
    x, kernel, bias = floats(2, 3, 2, 2), floats(5, 12), floats(5)
    result = run(logger, [x], lambda network, t: network.add_fully_connected(t, 5, kernel, bias).get_output(0))[0]
    close(result, (x.reshape(2, 12) @ kernel.T + bias).reshape(2, 5, 1, 1))


def test_pooling(logger):
    x = floats(1, 2, 6, 6)

    def add(network, t):
        largest = network.add_pooling_nd(t, trt.PoolingType.MAX, (2, 2))
        largest.stride_nd = (2, 2)
        mean = network.add_pooling(t, trt.PoolingType.AVERAGE, (3, 3))
        mean.stride, mean.padding = (1, 1), (1, 1)
        mean.average_count_excludes_padding = False
        return largest.get_output(0), mean.get_output(0)

    largest, mean = run(logger, [x], add)
    close(largest, x.reshape(1, 2, 3, 2, 3, 2).max(axis=(3, 5)))
    close(mean, convolve(x, np.tile(np.full((1, 1, 3, 3), 1 / 9), (2, 1, 1, 1)), np.zeros(2), pad=1, groups=2))


def test_windows_move_by_one_unless_told_otherwise(logger):
    x = floats(1, 1, 4, 4)

    def add(network, t):
        layer = network.add_pooling_nd(t, trt.PoolingType.MAX, (2, 2))
        assert (layer.stride_nd, layer.padding_nd) == ((1, 1), (0, 0))
        return layer.get_output(0)

    assert run(logger, [x], add)[0].shape == (1, 1, 3, 3)


_ACTIVATIONS = {
    "RELU": lambda x: np.maximum(x, 0), "SIGMOID": lambda x: 1 / (1 + np.exp(-x)), "TANH": np.tanh,
    "LEAKY_RELU": lambda x: np.where(x < 0, 0.3 * x, x), "ELU": lambda x: np.where(x < 0, 0.3 * (np.exp(x) - 1), x),
    "SOFTSIGN": lambda x: x / (1 + np.abs(x)), "SOFTPLUS": lambda x: 0.3 * np.log1p(np.exp(0.7 * x)),
    "CLIP": lambda x: np.clip(x, 0.3, 0.7), "HARD_SIGMOID": lambda x: np.clip(0.3 * x + 0.7, 0, 1),
    "SCALED_TANH": lambda x: 0.3 * np.tanh(0.7 * x), "THRESHOLDED_RELU": lambda x: np.where(x > 0.3, x, 0),
    "SELU": lambda x: 0.7 * np.where(x < 0, 0.3 * (np.exp(x) - 1), x),
}


@pytest.mark.parametrize("kind", _ACTIVATIONS)
def test_activation(logger, kind):
    x = floats(4, 7)

    def add(network, t):
        layer = network.add_activation(t, getattr(trt.ActivationType, kind))
        layer.alpha, layer.beta = 0.3, 0.7
        return layer.get_output(0)

    close(run(logger, [x], add)[0], _ACTIVATIONS[kind](x.astype(np.float64)))


_ELEMENTWISE = {
    "SUM": np.add, "PROD": np.multiply, "MAX": np.maximum, "MIN": np.minimum, "SUB": np.subtract, "DIV": np.divide,
    "POW": np.power, "FLOOR_DIV": np.floor_divide, "EQUAL": np.equal, "GREATER": np.greater, "LESS": np.less,
}


@pytest.mark.parametrize("operation", _ELEMENTWISE)
def test_elementwise_broadcasts_axes_of_extent_one(logger, operation):
    left, right = np.abs(floats(2, 3, 4)) + 0.5, np.abs(floats(2, 1, 4)) + 0.5
    kind = getattr(trt.ElementWiseOperation, operation)
    result = run(logger, [left, right], lambda network, a, b: network.add_elementwise(a, b, kind).get_output(0))[0]
    close(result, _ELEMENTWISE[operation](left, right))


@pytest.mark.parametrize("operation", ["AND", "OR", "XOR"])
def test_logic(logger, operation):
    left, right = rng.random((2, 9)) > 0.5, rng.random((2, 9)) > 0.5
    kind = getattr(trt.ElementWiseOperation, operation)
    result = run(logger, [left, right], lambda network, a, b: network.add_elementwise(a, b, kind).get_output(0))[0]
    assert (result == getattr(np, f"logical_{operation.lower()}")(left, right)).all()


def test_floor_division_of_integers_rounds_down(logger):
    left, right = np.array([7, -7, 7, -7, 0], np.int32), np.array([2, 2, -2, -2, 3], np.int32)
    kind = trt.ElementWiseOperation.FLOOR_DIV
    result = run(logger, [left, right], lambda network, a, b: network.add_elementwise(a, b, kind).get_output(0))[0]
    assert result.tolist() == [3, -4, -4, 3, 0]


@pytest.mark.parametrize(
    "operation", "EXP LOG SQRT RECIP ABS NEG SIN COS TAN SINH COSH ATAN ASINH CEIL FLOOR SIGN ROUND".split()
)
def test_unary(logger, operation):
    x = np.abs(floats(3, 5)) + 0.1
    name = {"RECIP": "reciprocal", "NEG": "negative", "ATAN": "arctan", "ASINH": "arcsinh", "ROUND": "rint"}
    kind = getattr(trt.UnaryOperation, operation)
    result = run(logger, [x], lambda network, t: network.add_unary(t, kind).get_output(0))[0]
    close(result, getattr(np, name.get(operation, operation.lower()))(x))


@pytest.mark.parametrize("operation,function", [
    ("SUM", np.sum), ("PROD", np.prod), ("MAX", np.max), ("MIN", np.min), ("AVG", np.mean),
])
@pytest.mark.parametrize("keep", [False, True])
def test_reduce_takes_a_mask_of_axes(logger, operation, function, keep):
    x, kind = floats(2, 3, 4), getattr(trt.ReduceOperation, operation)
    result = run(logger, [x], lambda network, t: network.add_reduce(t, kind, 0b101, keep).get_output(0))[0]
    close(result, function(x, axis=(0, 2), keepdims=keep))


def test_reduce_with_an_implicit_batch_does_not_count_it(logger):
    x, kind = floats(2, 3, 4), trt.ReduceOperation.SUM
    result = run(logger, [x], lambda network, t: network.add_reduce(t, kind, 0b01, False).get_output(0), explicit=False)[0]
    close(result, x.sum(axis=1))


def test_softmax_takes_a_mask_of_one_axis(logger):
    x = floats(2, 3, 4)

    def add(network, t):
        layer = network.add_softmax(t)
        layer.axes = 1 << 1
        return layer.get_output(0)

    wanted = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    close(run(logger, [x], add)[0], wanted)


def test_topk(logger):
    x = floats(3, 8)

    def add(network, t):
        layer = network.add_topk(t, trt.TopKOperation.MAX, 2, 1 << 1)
        return layer.get_output(0), layer.get_output(1)

    values, indices = run(logger, [x], add)
    order = np.argsort(-x, axis=1)[:, :2]
    assert indices.dtype == np.int32 and (indices == order).all()
    close(values, np.take_along_axis(x, order, 1))


def test_matrix_multiply_transposes_and_takes_vectors(logger):
    a, b, v = floats(2, 4, 3), floats(2, 4, 5), floats(2, 4)

    def add(network, ta, tb, tv):
        op = trt.MatrixOperation
        product = network.add_matrix_multiply(ta, op.TRANSPOSE, tb, op.NONE)
        applied = network.add_matrix_multiply(ta, op.TRANSPOSE, tv, op.VECTOR)
        return product.get_output(0), applied.get_output(0)

    product, applied = run(logger, [a, b, v], add)
    close(product, np.einsum("bij,bik->bjk", a, b))
    close(applied, np.einsum("bij,bi->bj", a, v))


def test_scale_by_channel(logger):
    x, scale, shift = floats(2, 3, 4, 4), floats(3), floats(3)

    def add(network, t):
        return network.add_scale(t, trt.ScaleMode.CHANNEL, shift, scale, np.full(3, 2, np.float32)).get_output(0)

    close(run(logger, [x], add)[0], (x * scale.reshape(3, 1, 1) + shift.reshape(3, 1, 1)) ** 2, 1e-4)


def test_shuffle_transposes_reshapes_transposes(logger):
    x = floats(2, 3, 4)

    def add(network, t):
        layer = network.add_shuffle(t)
        layer.first_transpose = trt.Permutation([1, 0, 2])
        layer.reshape_dims = (0, -1)
        layer.second_transpose = (1, 0)
        return layer.get_output(0)

    close(run(logger, [x], add)[0], x.transpose(1, 0, 2).reshape(3, 8).T)


def test_concatenation_slice_gather_select(logger):
    a, b = floats(2, 3, 4), floats(2, 2, 4)

    def add(network, ta, tb):
        joined = network.add_concatenation([ta, tb])
        joined.axis = 1
        sliced = network.add_slice(joined.get_output(0), (0, 3, 3), (2, 2, 2), (1, -2, -1))
        indices = network.add_constant((2,), np.array([2, 0], np.int32)).get_output(0)
        gathered = network.add_gather(ta, indices, 1)
        zero = network.add_constant((1, 1, 1), np.zeros(1, np.float32)).get_output(0)
        condition = network.add_elementwise(ta, zero, trt.ElementWiseOperation.GREATER).get_output(0)
        chosen = network.add_select(condition, ta, zero)
        return sliced.get_output(0), gathered.get_output(0), chosen.get_output(0)

    sliced, gathered, chosen = run(logger, [a, b], add)
    joined = np.concatenate([a, b], 1)
    close(sliced, joined[:, [3, 1]][:, :, [3, 2]])
    close(gathered, a[:, [2, 0]])
    close(chosen, np.maximum(a, 0))


def test_slice_backwards_to_the_first_element(logger):
    x = floats(1, 5)
    result = run(logger, [x], lambda network, t: network.add_slice(t, (0, 4), (1, 5), (1, -1)).get_output(0))[0]
    close(result, x[:, ::-1])


def test_padding_resize_identity_cast(logger):
    x = floats(1, 2, 3, 3)

    def add(network, t):
        padded = network.add_padding_nd(t, (1, 0), (0, 2))
        resized = network.add_resize(t)
        resized.scales, resized.resize_mode = [1, 1, 2, 2], trt.ResizeMode.NEAREST
        whole = network.add_identity(t)
        whole.set_output_type(0, trt.int32)
        half = network.add_cast(t, trt.float16)
        return padded.get_output(0), resized.get_output(0), whole.get_output(0), half.get_output(0)

    padded, resized, whole, half = run(logger, [x], add)
    close(padded, np.pad(x, ((0, 0), (0, 0), (1, 0), (0, 2))))
    close(resized, x.repeat(2, 2).repeat(2, 3))
    assert (whole == x.astype(np.int32)).all()
    assert half.dtype == np.float16 and (half == x.astype(np.float16)).all()


def test_normalization_over_axes_and_groups(logger):
    x, scale, bias = floats(2, 4, 5), floats(1, 4, 1), floats(1, 4, 1)

    def add(network, t):
        ts, tb = (network.add_constant((1, 4, 1), array).get_output(0) for array in (scale, bias))
        over_axes = network.add_normalization(t, ts, tb, 1 << 2)
        groups = network.add_normalization(t, ts, tb, 1 << 2)
        groups.num_groups = 2
        return over_axes.get_output(0), groups.get_output(0)

    over_axes, groups = run(logger, [x], add)

    def normalized(values, axis):
        return (values - values.mean(axis, keepdims=True)) / np.sqrt(values.var(axis, keepdims=True) + 1e-5)

    close(over_axes, normalized(x, 2) * scale + bias)
    close(groups, normalized(x.reshape(2, 2, 10), 2).reshape(x.shape) * scale + bias)


def test_quantize_and_dequantize(logger):
    x = floats(2, 5)

    def add(network, t):
        scale = network.add_constant((), np.array(0.05, np.float32)).get_output(0)
        quantized = network.add_quantize(t, scale)
        return network.add_dequantize(quantized.get_output(0), scale).get_output(0)

    close(run(logger, [x], add)[0], np.clip(np.rint(x / 0.05), -128, 127) * 0.05)


def test_scatter_one_hot_non_zero_einsum_cumulative(logger):
    x = floats(3, 4)

    def add(network, t):
        indices = network.add_constant((1, 2), np.array([[2, 0]], np.int32)).get_output(0)
        updates = network.add_constant((1, 2), np.array([[5, 6]], np.float32)).get_output(0)
        scattered = network.add_scatter(t, indices, updates, trt.ScatterMode.ELEMENT)
        scattered.axis = 1
        values = network.add_constant((2,), np.array([0, 1], np.float32)).get_output(0)
        depth = network.add_constant((), np.array(3, np.int32)).get_output(0)
        flat = network.add_constant((2,), np.array([2, 0], np.int32)).get_output(0)
        hot = network.add_one_hot(flat, values, depth, -1)
        product = network.add_einsum([t, t], "ij,kj->ik")
        axis = network.add_constant((), np.array(1, np.int32)).get_output(0)
        total = network.add_cumulative(t, axis, trt.CumulativeOperation.SUM, False, False)
        return [layer.get_output(0) for layer in (scattered, hot, product, total)]

    scattered, hot, product, total = run(logger, [x], add)
    wanted = x.copy()
    wanted[0, [2, 0]] = 5, 6
    close(scattered, wanted)
    close(hot, np.eye(3)[[2, 0]])
    close(product, x @ x.T)
    close(total, x.cumsum(1))


def test_fill_shape_lrn_prelu_grid_sample_reverse(logger):
    x = floats(1, 4, 3, 3)
    grid = np.stack(np.meshgrid(np.linspace(-1, 1, 3), np.linspace(-1, 1, 3)), -1)[None].astype(np.float32)

    def add(network, t):
        filled = network.add_fill((2, 3), trt.FillOperation.LINSPACE)
        filled.alpha, filled.beta = 1.0, [10.0, 1.0]
        slopes = network.add_constant((1, 4, 1, 1), np.full((1, 4, 1, 1), 0.25, np.float32)).get_output(0)
        tg = network.add_constant(grid.shape, grid).get_output(0)
        sampled = network.add_grid_sample(t, tg)
        sampled.align_corners = True
        layers = [
            filled, network.add_shape(t), network.add_lrn(t, 3, 1e-4, 0.75, 1.0), network.add_parametric_relu(t, slopes), sampled,
        ]
        return [layer.get_output(0) for layer in layers]

    filled, shape, lrn, leaky, sampled = run(logger, [x], add)
    close(filled, [[1, 2, 3], [11, 12, 13]])
    assert shape.tolist() == [1, 4, 3, 3] and shape.dtype == np.int32
    square = np.pad(x**2, ((0, 0), (1, 1), (0, 0), (0, 0)))
    close(lrn, x / (1 + 1e-4 / 3 * (square[:, :-2] + square[:, 1:-1] + square[:, 2:])) ** 0.75)
    close(leaky, np.where(x < 0, 0.25 * x, x))
    close(sampled, x)


def test_a_setting_changed_after_a_shape_was_asked_for_counts(logger):
    x = floats(1, 1, 6, 6)

    def add(network, t):
        layer = network.add_pooling_nd(t, trt.PoolingType.MAX, (2, 2))
        assert tuple(layer.get_output(0).shape) == (1, 1, 5, 5)
        layer.stride_nd = (2, 2)
        assert tuple(layer.get_output(0).shape) == (1, 1, 3, 3)
        return network.add_activation(layer.get_output(0), trt.ActivationType.RELU).get_output(0)

    assert run(logger, [x], add)[0].shape == (1, 1, 3, 3)


@pytest.mark.parametrize("name,arguments", [
    ("add_loop", ()), ("add_if_conditional", ()), ("add_rnn_v2", ()), ("add_ragged_softmax", (None, None)), ("add_plugin", ()),
])
def test_layers_that_cannot_be_added_say_so(logger, name, arguments):
    network = trt.Builder(logger).create_network(1)
    assert getattr(network, name)(*arguments) is None
    assert name in logger.errors()[0]


def test_a_kernel_of_the_wrong_size_is_named(logger):
    network = trt.Builder(logger).create_network(1)
    x = network.add_input("x", trt.float32, (1, 3, 8, 8))
    layer = network.add_convolution_nd(x, 4, (3, 3), np.zeros(7, np.float32))
    layer.name = "first"
    network.mark_output(layer.get_output(0))
    builder = network.builder
    assert builder.build_serialized_network(network, builder.create_builder_config()) is None
    text = " ".join(logger.errors())
    assert "first" in text and "7" in text and "108" in text


def test_an_extent_that_varies_needs_a_profile(logger):
    builder = trt.Builder(logger)
    network = builder.create_network(1)
    x = network.add_input("x", trt.float32, (-1, 4))
    network.mark_output(network.add_activation(x, trt.ActivationType.RELU).get_output(0))
    assert builder.build_serialized_network(network, builder.create_builder_config()) is None
    assert any("profile" in text for text in logger.errors())
