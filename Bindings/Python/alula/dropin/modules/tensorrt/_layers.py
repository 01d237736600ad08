# SPDX-License-Identifier: Apache-2.0
"""Layers of networks of today: convolution, pooling, activation, arithmetic, normalisation.

One class a layer: its settings, and the ONNX operators that mean the same.
"""

import numpy as np

from alula import InvalidArgumentError, UnsupportedError

from ._enums import (
    ActivationType, ElementWiseOperation, LayerType, MatrixOperation, PaddingMode, PoolingType, ReduceOperation,
    ScaleMode, TopKOperation, UnaryOperation,
)
from ._tensors import ILayer, Setting
from ._values import Dims, to_array


def _dims(value):
    return Dims(value) if not isinstance(value, (int, np.integer)) else Dims((value,))


def _pair(name):
    """The two-dimensional spelling of an n-dimensional setting."""
    return property(lambda self: getattr(self, name), lambda self, value: setattr(self, name, value))


def _each_axis(number):
    """A default: the same number for each axis of the window."""
    return lambda layer: Dims((number,) * len(layer._extents or ()))


class _WindowLayer(ILayer):
    """Window, strides, padding."""

    padding_mode = Setting(PaddingMode.EXPLICIT_ROUND_DOWN)
    pre_padding = Setting(_each_axis(0), _dims)
    post_padding = Setting(_each_axis(0), _dims)
    stride_nd = Setting(_each_axis(1), _dims)
    stride = _pair("stride_nd")

    @property
    def padding_nd(self):
        return self.pre_padding

    @padding_nd.setter
    def padding_nd(self, value):
        self.pre_padding = value
        self.post_padding = value

    padding = padding_nd

    def _window(self):
        """ONNX's attributes of the window."""
        spatial = len(self._extents)
        attributes = {"kernel_shape": list(self._extents), "strides": list(self.stride_nd)}
        mode = self.padding_mode
        if mode in (PaddingMode.SAME_UPPER, PaddingMode.SAME_LOWER):
            attributes["auto_pad"] = mode.name
        else:
            before = list(self.pre_padding)
            after = before if mode.name.startswith("CAFFE") else list(self.post_padding)
            attributes["pads"] = before + after
        for name, value in attributes.items():
            if isinstance(value, list) and len(value) != spatial * (2 if name == "pads" else 1):
                raise InvalidArgumentError(f"layer '{self.name}': {name} has {len(value)} numbers, expected {spatial} axes")
        return attributes

    @property
    def _rounds_up(self):
        return self.padding_mode.name.endswith("ROUND_UP")


class IConvolutionLayer(_WindowLayer):
    _type = LayerType.CONVOLUTION
    kernel_size_nd = Setting(None, _dims)
    kernel_size = _pair("kernel_size_nd")
    num_output_maps = Setting()
    num_groups = Setting(1)
    dilation_nd = Setting(_each_axis(1), _dims)
    dilation = _pair("dilation_nd")
    kernel = Setting()
    bias = Setting()
    _operator = "Conv"

    @property
    def _extents(self):
        return self.kernel_size_nd

    def _kernel(self, emitter, channels):
        """The kernel's value: `[out, in / groups, …]`, as ONNX has it."""
        given = emitter.optional(1)
        if given is not None:
            return given
        kernel = to_array(self.kernel)
        if kernel is None:
            raise InvalidArgumentError(f"layer '{self.name}': the kernel is missing")
        shape = self._kernel_shape(channels)
        if kernel.size != np.prod(shape):
            raise InvalidArgumentError(
                f"layer '{self.name}': got a kernel of {kernel.size} weights, expected {np.prod(shape)}, for {shape}"
            )
        return emitter.constant(kernel.reshape(shape))

    def _kernel_shape(self, channels):
        return (self.num_output_maps, channels // self.num_groups, *self.kernel_size_nd)

    def _emit(self, emitter):
        value = emitter.input()
        channels = emitter.shape()[1]
        window = self._window()
        inputs = [value, self._kernel(emitter, channels)]
        bias = emitter.optional(2)
        if bias is None and to_array(self.bias) is not None:
            bias = emitter.constant(to_array(self.bias).reshape(-1))
        if bias is not None:
            inputs.append(bias)
        window["dilations"] = list(self.dilation_nd)
        return emitter.add(self._operator, *inputs, group=int(self.num_groups), **window)


class IDeconvolutionLayer(IConvolutionLayer):
    _type = LayerType.DECONVOLUTION
    _operator = "ConvTranspose"

    def _kernel_shape(self, channels):
        return (channels, self.num_output_maps // self.num_groups, *self.kernel_size_nd)


class IFullyConnectedLayer(ILayer):
    _type = LayerType.FULLY_CONNECTED if hasattr(LayerType, "FULLY_CONNECTED") else LayerType.MATRIX_MULTIPLY
    num_output_channels = Setting()
    kernel = Setting()
    bias = Setting()

    def _emit(self, emitter):
        shape = emitter.shape()
        if len(shape) < 4:
            raise InvalidArgumentError(f"layer '{self.name}': got an input of {len(shape)} axes, expected at least 4")
        inner = int(np.prod(shape[-3:]))
        outer = len(shape) - 3
        flat = emitter.add("Flatten", emitter.input(), axis=outer) if outer == 1 else emitter.add(
            "Reshape", emitter.input(), emitter.constant([0] * outer + [inner], np.int64)
        )
        kernel = to_array(self.kernel).reshape(self.num_output_channels, inner)
        product = emitter.add("MatMul", flat, emitter.constant(np.ascontiguousarray(kernel.T)))
        if to_array(self.bias) is not None:
            product = emitter.add("Add", product, emitter.constant(to_array(self.bias).reshape(-1)))
        return emitter.add("Unsqueeze", product, emitter.constant([outer + 1, outer + 2], np.int64))


class IPoolingLayer(_WindowLayer):
    _type = LayerType.POOLING
    window_size_nd = Setting(None, _dims)
    window_size = _pair("window_size_nd")
    type = Setting(PoolingType.MAX)
    blend_factor = Setting(0.0)
    average_count_excludes_padding = Setting(True)

    @property
    def _extents(self):
        return self.window_size_nd

    def _emit(self, emitter):
        window = self._window()
        if "auto_pad" not in window and self._rounds_up:
            window["ceil_mode"] = 1
        if self.type == PoolingType.MAX:
            return emitter.add("MaxPool", emitter.input(), **window)
        if self.type == PoolingType.AVERAGE:
            included = 0 if self.average_count_excludes_padding else 1
            return emitter.add("AveragePool", emitter.input(), count_include_pad=included, **window)
        raise UnsupportedError(f"layer '{self.name}': MAX_AVERAGE_BLEND pooling is not supported")


class IActivationLayer(ILayer):
    _type = LayerType.ACTIVATION
    type = Setting(ActivationType.RELU)
    alpha = Setting(0.0)
    beta = Setting(0.0)

    def _emit(self, emitter):
        kind, alpha, beta = self.type.name, float(self.alpha), float(self.beta)
        value = emitter.input()
        simple = {"RELU": "Relu", "SIGMOID": "Sigmoid", "TANH": "Tanh", "SOFTSIGN": "Softsign"}
        if kind in simple:
            return emitter.add(simple[kind], value)
        if kind in ("LEAKY_RELU", "ELU", "THRESHOLDED_RELU"):
            operator = {"LEAKY_RELU": "LeakyRelu", "ELU": "Elu", "THRESHOLDED_RELU": "ThresholdedRelu"}[kind]
            return emitter.add(operator, value, alpha=alpha)
        if kind == "SELU":
            return emitter.add("Selu", value, alpha=alpha, gamma=beta)
        if kind == "HARD_SIGMOID":
            return emitter.add("HardSigmoid", value, alpha=alpha, beta=beta)
        if kind in ("GELU_ERF", "GELU_TANH"):
            return emitter.add("Gelu", value, approximate="none" if kind == "GELU_ERF" else "tanh")
        dtype = emitter.dtype()
        if kind == "CLIP":
            return emitter.add("Clip", value, emitter.constant(alpha, dtype), emitter.constant(beta, dtype))
        # alpha · f(beta · x)
        scaled = emitter.add("Mul", value, emitter.constant(beta, dtype)) if beta != 1 else value
        inner = emitter.add("Tanh" if kind == "SCALED_TANH" else "Softplus", scaled)
        return emitter.add("Mul", inner, emitter.constant(alpha, dtype))


class ILRNLayer(ILayer):
    _type = LayerType.LRN
    window_size = Setting()
    alpha = Setting()
    beta = Setting()
    k = Setting()

    def _emit(self, emitter):
        return emitter.add(
            "LRN", emitter.input(), size=int(self.window_size), alpha=float(self.alpha), beta=float(self.beta),
            bias=float(self.k),
        )


class IScaleLayer(ILayer):
    _type = LayerType.SCALE
    mode = Setting(ScaleMode.UNIFORM)
    shift = Setting()
    scale = Setting()
    power = Setting()
    channel_axis = Setting(1)

    def _operand(self, emitter, weights):
        array = to_array(weights)
        if array is None:
            return None
        if self.mode == ScaleMode.UNIFORM:
            shape = ()
        elif self.mode == ScaleMode.CHANNEL:
            axis = self.channel_axis + emitter.batch_axes
            shape = (-1,) + (1,) * (emitter.rank() - axis - 1)
        else:
            shape = emitter.shape()[1:]
        return emitter.constant(array.reshape(shape))

    def _emit(self, emitter):
        value = emitter.input()
        for operator, weights in (("Mul", self.scale), ("Add", self.shift), ("Pow", self.power)):
            operand = self._operand(emitter, weights)
            if operand is not None:
                value = emitter.add(operator, value, operand)
        return value if value != emitter.input() else emitter.add("Identity", value)


class ISoftMaxLayer(ILayer):
    _type = LayerType.SOFTMAX
    axes = Setting()

    def _emit(self, emitter):
        if self.axes is None:
            axis = max(emitter.batch_axes, emitter.rank() - 3)
        else:
            axes = emitter.axes(self.axes)
            if len(axes) != 1:
                raise UnsupportedError(f"layer '{self.name}': softmax over axes {axes}, expected one")
            axis = axes[0]
        return emitter.add("Softmax", emitter.input(), axis=axis)


class IConcatenationLayer(ILayer):
    _type = LayerType.CONCATENATION
    axis = Setting()

    def _emit(self, emitter):
        values = [emitter.input(index) for index in range(self.num_inputs)]
        axis = max(emitter.batch_axes, emitter.rank() - 3) if self.axis is None else emitter.axis(self.axis)
        return emitter.add("Concat", *values, axis=axis)


class IElementWiseLayer(ILayer):
    _type = LayerType.ELEMENTWISE
    op = Setting(ElementWiseOperation.SUM)
    _operators = {
        "SUM": "Add", "PROD": "Mul", "MAX": "Max", "MIN": "Min", "SUB": "Sub", "DIV": "Div", "POW": "Pow", "AND": "And",
        "OR": "Or", "XOR": "Xor", "EQUAL": "Equal", "GREATER": "Greater", "LESS": "Less",
    }

    def _emit(self, emitter):
        left, right = emitter.input(0), emitter.input(1)
        if self.op == ElementWiseOperation.FLOOR_DIV:
            if emitter.dtype().kind == "f":
                return emitter.add("Floor", emitter.add("Div", left, right))
            # Mod takes the divisor's sign, so the quotient of what is left is exact and rounds down.
            return emitter.add("Div", emitter.add("Sub", left, emitter.add("Mod", left, right)), right)
        return emitter.add(self._operators[self.op.name], left, right)


class IUnaryLayer(ILayer):
    _type = LayerType.UNARY
    op = Setting(UnaryOperation.EXP)
    _names = {"RECIP": "Reciprocal", "ISINF": "IsInf", "ISNAN": "IsNaN"}

    def _emit(self, emitter):
        return emitter.add(self._names.get(self.op.name, self.op.name.capitalize()), emitter.input())


class IReduceLayer(ILayer):
    _type = LayerType.REDUCE
    op = Setting(ReduceOperation.SUM)
    axes = Setting(0)
    keep_dims = Setting(False)

    def _emit(self, emitter):
        operator = "ReduceMean" if self.op == ReduceOperation.AVG else f"Reduce{self.op.name.capitalize()}"
        axes = emitter.constant(emitter.axes(self.axes), np.int64)
        return emitter.add(operator, emitter.input(), axes, keepdims=int(bool(self.keep_dims)))


class ITopKLayer(ILayer):
    _type = LayerType.TOPK
    op = Setting(TopKOperation.MAX)
    k = Setting()
    axes = Setting()

    def _emit(self, emitter):
        (axis,) = emitter.axes(self.axes)
        count = emitter.optional(1)
        if count is None:
            count = emitter.constant([int(self.k)], np.int64)
        else:
            count = emitter.add("Reshape", emitter.add("Cast", count, to=7), emitter.constant([1], np.int64))
        largest = int(self.op == TopKOperation.MAX)
        values, indices = emitter.add("TopK", emitter.input(), count, outputs=2, axis=axis, largest=largest, sorted=1)
        return values, emitter.add("Cast", indices, to=6)


class IMatrixMultiplyLayer(ILayer):
    _type = LayerType.MATRIX_MULTIPLY
    op0 = Setting(MatrixOperation.NONE)
    op1 = Setting(MatrixOperation.NONE)

    def _operand(self, emitter, index, op):
        value = emitter.input(index)
        if op == MatrixOperation.TRANSPOSE:
            rank = emitter.rank(index)
            order = [*range(rank - 2), rank - 1, rank - 2]
            return emitter.add("Transpose", value, perm=order)
        if op == MatrixOperation.VECTOR:
            axis = -2 if index == 0 else -1
            return emitter.add("Unsqueeze", value, emitter.constant([axis], np.int64))
        return value

    def _emit(self, emitter):
        value = emitter.add("MatMul", self._operand(emitter, 0, self.op0), self._operand(emitter, 1, self.op1))
        squeezed = [axis for axis, op in ((-2, self.op0), (-1, self.op1)) if op == MatrixOperation.VECTOR]
        return emitter.add("Squeeze", value, emitter.constant(squeezed, np.int64)) if squeezed else value


class IParametricReLULayer(ILayer):
    _type = LayerType.PARAMETRIC_RELU

    def _emit(self, emitter):
        return emitter.add("PRelu", emitter.input(0), emitter.input(1))


class INormalizationLayer(ILayer):
    _type = LayerType.NORMALIZATION
    epsilon = Setting(1e-5)
    axes = Setting(0)
    num_groups = Setting(1)
    compute_precision = Setting()

    def _emit(self, emitter):
        value, dtype = emitter.input(), emitter.dtype()
        axes = emitter.axes(self.axes)
        groups = int(self.num_groups)
        if groups != 1:
            # [n, groups, channels / groups · rest]: statistics of one group are those of one row.
            value = emitter.add("Reshape", value, emitter.constant([0, groups, -1], np.int64))
            axes = [2]
        along = emitter.constant(axes, np.int64)
        centred = emitter.add("Sub", value, emitter.add("ReduceMean", value, along, keepdims=1))
        square = emitter.add("Mul", centred, centred)
        variance = emitter.add("ReduceMean", square, along, keepdims=1)
        deviation = emitter.add("Sqrt", emitter.add("Add", variance, emitter.constant(self.epsilon, dtype)))
        value = emitter.add("Div", centred, deviation)
        if groups != 1:
            value = emitter.add("Reshape", value, emitter.add("Shape", emitter.input()))
        return emitter.add("Add", emitter.add("Mul", value, emitter.input(1)), emitter.input(2))
