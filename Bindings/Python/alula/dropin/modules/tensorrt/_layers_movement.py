# SPDX-License-Identifier: Apache-2.0
"""Layers that move, select, make and convert elements."""

import numpy as np

from alula import InvalidArgumentError, UnsupportedError
from alula.types import number_of

from ._enums import (
    _NUMPY, BoundingBoxFormat, DataType, FillOperation, GatherMode, InterpolationMode, LayerType,
    ResizeCoordinateTransformation, ResizeRoundMode, ResizeSelector, SampleMode, ScatterMode,
)
from ._tensors import ILayer, Setting
from ._layers import _dims, _pair
from ._values import Permutation, Weights
from ._version import IS_10


class IConstantLayer(ILayer):
    _type = LayerType.CONSTANT
    weights = Setting()
    shape = Setting(None, _dims)

    def _emit(self, emitter):
        array = self.weights.numpy() if isinstance(self.weights, Weights) else np.asarray(self.weights)
        return emitter.constant(array.reshape(tuple(self.shape)))


class IIdentityLayer(ILayer):
    _type = LayerType.IDENTITY

    def _emit(self, emitter):
        kind = self._output_types.get(0)
        if kind is not None:  # the way to convert before there was a cast layer
            return emitter.add("Cast", emitter.input(), to=number_of(_NUMPY[kind]))
        return emitter.add("Identity", emitter.input())


class ICastLayer(ILayer):
    _type = LayerType.CAST
    to_type = Setting(DataType.FLOAT)

    def _emit(self, emitter):
        return emitter.add("Cast", emitter.input(), to=number_of(_NUMPY[self.to_type]))


class IPaddingLayer(ILayer):
    _type = LayerType.PADDING
    pre_padding_nd = Setting(None, _dims)
    post_padding_nd = Setting(None, _dims)
    pre_padding = _pair("pre_padding_nd")
    post_padding = _pair("post_padding_nd")

    def _emit(self, emitter):
        outer = [0] * (emitter.rank() - 2)
        pads = [*outer, *self.pre_padding_nd, *outer, *self.post_padding_nd]
        return emitter.add("Pad", emitter.input(), emitter.constant(pads, np.int64))


class IShuffleLayer(ILayer):
    _type = LayerType.SHUFFLE
    first_transpose = Setting(None, Permutation)
    second_transpose = Setting(None, Permutation)
    reshape_dims = Setting(None, _dims)
    zero_is_placeholder = Setting(True)

    def _transpose(self, emitter, value, order):
        if order is None:
            return value
        axes = list(range(emitter.batch_axes)) + [axis + emitter.batch_axes for axis in order]
        return emitter.add("Transpose", value, perm=axes)

    def _emit(self, emitter):
        value = self._transpose(emitter, emitter.input(), self.first_transpose)
        target = emitter.optional(1)
        if target is not None:
            value = emitter.add("Reshape", value, emitter.add("Cast", target, to=7), allowzero=self._allow_zero)
        elif self.reshape_dims is not None:
            dims = [0] * emitter.batch_axes + list(self.reshape_dims)
            value = emitter.add("Reshape", value, emitter.constant(dims, np.int64), allowzero=self._allow_zero)
        value = self._transpose(emitter, value, self.second_transpose)
        return value if value != emitter.input() else emitter.add("Identity", value)

    @property
    def _allow_zero(self):
        return 0 if self.zero_is_placeholder else 1


class IGatherLayer(ILayer):
    _type = LayerType.GATHER
    axis = Setting(0)
    num_elementwise_dims = Setting(0)
    mode = Setting(GatherMode.DEFAULT)

    def _emit(self, emitter):
        data, indices = emitter.input(0), emitter.input(1)
        if self.mode == GatherMode.ELEMENT:
            return emitter.add("GatherElements", data, indices, axis=emitter.axis(self.axis))
        if self.mode == GatherMode.ND:
            indices = emitter.add("Cast", indices, to=7)
            return emitter.add("GatherND", data, indices, batch_dims=int(self.num_elementwise_dims))
        if self.num_elementwise_dims:
            raise UnsupportedError(f"layer '{self.name}': gather with {self.num_elementwise_dims} elementwise axes")
        return emitter.add("Gather", data, indices, axis=emitter.axis(self.axis))


class ISliceLayer(ILayer):
    _type = LayerType.SLICE
    start = Setting(None, _dims)
    shape = Setting(None, _dims)
    stride = Setting(None, _dims)
    mode = Setting(SampleMode.STRICT_BOUNDS)

    def _operand(self, emitter, index, value):
        given = emitter.optional(index)
        return emitter.add("Cast", given, to=7) if given is not None else emitter.constant(list(value), np.int64)

    def _emit(self, emitter):
        if self.mode != SampleMode.STRICT_BOUNDS:
            raise UnsupportedError(f"layer '{self.name}': slice mode {self.mode.name}, expected STRICT_BOUNDS")
        start, size, step = (
            self._operand(emitter, index, value) for index, value in ((1, self.start), (2, self.shape), (3, self.stride))
        )
        rank = emitter.rank()
        axes = emitter.constant(list(range(emitter.batch_axes, rank)), np.int64)
        if self.num_inputs == 1:
            # An end of -1 would count from the far end: backwards slices that include element 0 end before it.
            end = [
                first + count * by if first + count * by >= 0 else -(2**31)
                for first, count, by in zip(self.start, self.shape, self.stride)
            ]
            end = emitter.constant(end, np.int64)
        else:
            end = emitter.add("Add", start, emitter.add("Mul", size, step))
        return emitter.add("Slice", emitter.input(), start, end, axes, step)


class IResizeLayer(ILayer):
    _type = LayerType.RESIZE
    shape = Setting(None, _dims)
    scales = Setting(None, list)
    resize_mode = Setting(InterpolationMode.NEAREST)
    coordinate_transformation = Setting(ResizeCoordinateTransformation.ASYMMETRIC)
    selector_for_single_pixel = Setting(ResizeSelector.FORMULA)
    nearest_rounding = Setting(ResizeRoundMode.FLOOR)
    exclude_outside = Setting(0)
    cubic_coeff = Setting(-0.75)

    @property
    def align_corners(self):
        return self.coordinate_transformation == ResizeCoordinateTransformation.ALIGN_CORNERS

    @align_corners.setter
    def align_corners(self, value):
        kind = ResizeCoordinateTransformation
        self.coordinate_transformation = kind.ALIGN_CORNERS if value else kind.ASYMMETRIC

    def _emit(self, emitter):
        attributes = {
            "mode": self.resize_mode.name.lower(),
            "coordinate_transformation_mode": self.coordinate_transformation.name.lower(),
            "nearest_mode": {
                "HALF_UP": "round_prefer_ceil", "HALF_DOWN": "round_prefer_floor", "FLOOR": "floor", "CEIL": "ceil",
            }[self.nearest_rounding.name],
            "exclude_outside": int(bool(self.exclude_outside)),
            "cubic_coeff_a": float(self.cubic_coeff),
        }
        given = emitter.optional(1)
        if given is not None:
            return emitter.add("Resize", emitter.input(), None, None, emitter.add("Cast", given, to=7), **attributes)
        if self.scales is not None:
            scales = emitter.constant([1.0] * emitter.batch_axes + list(self.scales), np.float32)
            return emitter.add("Resize", emitter.input(), None, scales, **attributes)
        if self.shape is None:
            raise InvalidArgumentError(f"layer '{self.name}': got neither shape nor scales, expected one")
        if emitter.batch_axes:
            raise UnsupportedError(f"layer '{self.name}': resize to a shape with an implicit batch; use scales")
        return emitter.add("Resize", emitter.input(), None, None, emitter.constant(list(self.shape), np.int64), **attributes)


class IShapeLayer(ILayer):
    _type = LayerType.SHAPE

    def _emit(self, emitter):
        if emitter.batch_axes:
            raise UnsupportedError(f"layer '{self.name}': shape layers need an explicit batch")
        shape = emitter.add("Shape", emitter.input())
        return shape if IS_10 else emitter.add("Cast", shape, to=6)


class ISelectLayer(ILayer):
    _type = LayerType.SELECT

    def _emit(self, emitter):
        return emitter.add("Where", emitter.input(0), emitter.input(1), emitter.input(2))


class IFillLayer(ILayer):
    _type = LayerType.FILL
    shape = Setting(None, _dims)
    operation = Setting(FillOperation.LINSPACE)
    alpha = Setting(0.0)
    beta = Setting(1.0)
    to_type = Setting(DataType.FLOAT)

    def _emit(self, emitter):
        if self.operation != FillOperation.LINSPACE:
            raise UnsupportedError(f"layer '{self.name}': {self.operation.name} fill, expected LINSPACE")
        if self.num_inputs > 0 and any(emitter.optional(index) is not None for index in range(self.num_inputs)):
            raise UnsupportedError(f"layer '{self.name}': fill with extents, alpha or beta from tensors")
        shape = tuple(self.shape)
        steps = np.reshape(self.beta, (-1,))
        array = np.full(shape, self.alpha, np.float64)
        for axis, step in enumerate(np.broadcast_to(steps, (len(shape),))):
            array += step * np.arange(shape[axis]).reshape([-1 if axis == other else 1 for other in range(len(shape))])
        return emitter.constant(array.astype(_NUMPY[self.to_type]))


class IQuantizeLayer(ILayer):
    _type = LayerType.QUANTIZE
    axis = Setting(1)
    to_type = Setting(DataType.INT8)
    _operator = "QuantizeLinear"

    def _emit(self, emitter):
        scale = emitter.input(1)
        zero = emitter.optional(2)
        if zero is None:
            shape = emitter.network.value(scale).shape
            if shape is None or -1 in shape:
                raise UnsupportedError(f"layer '{self.name}': the scale's shape varies")
            zero = emitter.constant(np.zeros(shape, np.int8))
        return emitter.add(self._operator, emitter.input(0), scale, zero, axis=emitter.axis(self.axis))


class IDequantizeLayer(IQuantizeLayer):
    _type = LayerType.DEQUANTIZE
    _operator = "DequantizeLinear"
    to_type = Setting(DataType.FLOAT)


class IScatterLayer(ILayer):
    _type = LayerType.SCATTER
    axis = Setting(0)
    mode = Setting(ScatterMode.ELEMENT)

    def _emit(self, emitter):
        data, updates = emitter.input(0), emitter.input(2)
        if self.mode == ScatterMode.ND:
            return emitter.add("ScatterND", data, emitter.add("Cast", emitter.input(1), to=7), updates)
        return emitter.add("ScatterElements", data, emitter.input(1), updates, axis=emitter.axis(self.axis))


class IEinsumLayer(ILayer):
    _type = LayerType.EINSUM
    equation = Setting("")

    def _emit(self, emitter):
        values = [emitter.input(index) for index in range(self.num_inputs)]
        return emitter.add("Einsum", *values, equation=self.equation)


class IGridSampleLayer(ILayer):
    _type = LayerType.GRID_SAMPLE
    interpolation_mode = Setting(InterpolationMode.LINEAR)
    align_corners = Setting(False)
    sample_mode = Setting(SampleMode.FILL)

    def _emit(self, emitter):
        padding = {"FILL": "zeros", "CLAMP": "border", "REFLECT": "reflection"}.get(self.sample_mode.name)
        if padding is None:
            raise UnsupportedError(f"layer '{self.name}': grid sample mode {self.sample_mode.name}")
        return emitter.add(
            "GridSample", emitter.input(0), emitter.input(1), mode=self.interpolation_mode.name.lower(),
            padding_mode=padding, align_corners=int(bool(self.align_corners)),
        )


class IOneHotLayer(ILayer):
    _type = LayerType.ONE_HOT
    axis = Setting(-1)

    def _emit(self, emitter):
        return emitter.add("OneHot", emitter.input(0), emitter.input(2), emitter.input(1), axis=emitter.axis(self.axis))


class INonZeroLayer(ILayer):
    _type = LayerType.NON_ZERO

    def _emit(self, emitter):
        return emitter.add("Cast", emitter.add("NonZero", emitter.input()), to=6)


class INMSLayer(ILayer):
    _type = LayerType.NMS
    bounding_box_format = Setting(BoundingBoxFormat.CORNER_PAIRS)
    topk_box_limit = Setting(5000)

    def _emit(self, emitter):
        scores = emitter.add("Transpose", emitter.input(1), perm=[0, 2, 1])  # [n, boxes, classes] to ONNX's order
        limit = emitter.add("Cast", emitter.input(2), to=7)
        thresholds = [emitter.optional(3), emitter.optional(4)]
        centres = int(self.bounding_box_format == BoundingBoxFormat.CENTER_SIZES)
        chosen = emitter.add(
            "NonMaxSuppression", emitter.input(0), scores, limit, *thresholds, center_point_box=centres
        )
        count = emitter.add("Gather", emitter.add("Shape", chosen), emitter.constant(0, np.int64), axis=0)
        return emitter.add("Cast", chosen, to=6), emitter.add("Cast", count, to=6)


class IReverseSequenceLayer(ILayer):
    _type = LayerType.REVERSE_SEQUENCE
    batch_axis = Setting(1)
    sequence_axis = Setting(0)

    def _emit(self, emitter):
        lengths = emitter.add("Cast", emitter.input(1), to=7)
        return emitter.add(
            "ReverseSequence", emitter.input(0), lengths, batch_axis=int(self.batch_axis),
            time_axis=int(self.sequence_axis),
        )


class ISqueezeLayer(ILayer):
    _type = getattr(LayerType, "SQUEEZE")

    def _emit(self, emitter):
        return emitter.add("Squeeze", emitter.input(0), emitter.add("Cast", emitter.input(1), to=7))


class IUnsqueezeLayer(ILayer):
    _type = getattr(LayerType, "UNSQUEEZE")

    def _emit(self, emitter):
        return emitter.add("Unsqueeze", emitter.input(0), emitter.add("Cast", emitter.input(1), to=7))


class ICumulativeLayer(ILayer):
    _type = getattr(LayerType, "CUMULATIVE")
    op = Setting()
    exclusive = Setting(False)
    reverse = Setting(False)

    def _emit(self, emitter):
        return emitter.add(
            "CumSum", emitter.input(0), emitter.input(1), exclusive=int(bool(self.exclusive)),
            reverse=int(bool(self.reverse)),
        )


class IAssertionLayer(ILayer):
    """Nothing runs: the operators check what they are given themselves."""

    _type = LayerType.ASSERTION
    message = Setting("")

    def _emit(self, emitter):
        return []
