# SPDX-License-Identifier: Apache-2.0
"""The calls that add layers to a network."""

import numpy as np

from alula import UnsupportedError

from ._enums import (
    ActivationType, CumulativeOperation, FillOperation, GatherMode, InterpolationMode, SampleMode, ScatterMode,
)
from ._layers import (
    IActivationLayer, IConcatenationLayer, IConvolutionLayer, IDeconvolutionLayer, IElementWiseLayer,
    IFullyConnectedLayer, ILRNLayer, IMatrixMultiplyLayer, INormalizationLayer, IParametricReLULayer, IPoolingLayer,
    IReduceLayer, IScaleLayer, ISoftMaxLayer, ITopKLayer, IUnaryLayer,
)
from ._layers_movement import (
    IAssertionLayer, ICastLayer, IConstantLayer, ICumulativeLayer, IDequantizeLayer, IEinsumLayer, IFillLayer,
    IGatherLayer, IGridSampleLayer, IIdentityLayer, INMSLayer, INonZeroLayer, IOneHotLayer, IPaddingLayer,
    IQuantizeLayer, IResizeLayer, IReverseSequenceLayer, IScatterLayer, ISelectLayer, IShapeLayer, IShuffleLayer,
    ISliceLayer, ISqueezeLayer, IUnsqueezeLayer,
)
from ._network import NetworkBase
from ._plugins import IPluginV2Layer, IPluginV3Layer, add_plugin

#: Layers without a counterpart, and why; the calls answer None and log this.
REFUSED = {
    "add_loop": "loops are not supported: unroll them, or export the model without them",
    "add_if_conditional": "conditionals are not supported: compute both branches and add_select",
    "add_rnn_v2": "recurrent layers of this interface are not supported: import LSTM, GRU or RNN from ONNX",
    "add_ragged_softmax": "ragged softmax is not supported",
    "add_plugin": "plugins in C++ run on GPUs only",
    "add_plugin_ext": "plugins in C++ run on GPUs only",
    "add_dynamic_quantize": "dynamic quantization below 8 bits is not supported",
    "add_attention": "attention layers are not supported: import Attention from ONNX",
    "add_attention_input": "attention layers are not supported: import Attention from ONNX",
    "add_rotary_embedding": "rotary embeddings are not supported as a layer: import the operators from ONNX",
    "add_kv_cache_update": "caches of keys and values are not supported as a layer: use scatter",
    "add_moe": "mixtures of experts are not supported as a layer",
    "add_dist_collective": "there is one device",
}


class INetworkDefinition(NetworkBase):
    """A network under construction."""

    def _new(self, cls, *inputs, outputs=1, **settings):
        layer = cls(self, [tensor for tensor in inputs], outputs)
        layer._settings.update(
            {name: getattr(cls, name)._convert(value) if getattr(cls, name)._convert and value is not None else value
             for name, value in settings.items()}
        )
        return self._add(layer)

    # Convolution and pooling

    def add_convolution_nd(self, input, num_output_maps, kernel_shape, kernel, bias=None):
        return self._new(
            IConvolutionLayer, input, num_output_maps=num_output_maps, kernel_size_nd=kernel_shape, kernel=kernel, bias=bias
        )

    add_convolution = add_convolution_nd

    def add_deconvolution_nd(self, input, num_output_maps, kernel_shape, kernel, bias=None):
        return self._new(
            IDeconvolutionLayer, input, num_output_maps=num_output_maps, kernel_size_nd=kernel_shape, kernel=kernel,
            bias=bias,
        )

    add_deconvolution = add_deconvolution_nd

    def add_fully_connected(self, input, num_outputs, kernel, bias=None):
        return self._new(IFullyConnectedLayer, input, num_output_channels=num_outputs, kernel=kernel, bias=bias)

    def add_pooling_nd(self, input, type, window_size):
        return self._new(IPoolingLayer, input, type=type, window_size_nd=window_size)

    add_pooling = add_pooling_nd

    # Elements

    def add_activation(self, input, type):
        layer = self._new(IActivationLayer, input, type=type)
        defaults = {
            ActivationType.LEAKY_RELU: (0.01, 0.0), ActivationType.ELU: (1.0, 0.0), ActivationType.SELU: (1.6732632, 1.0507009),
            ActivationType.SOFTPLUS: (1.0, 1.0), ActivationType.HARD_SIGMOID: (0.2, 0.5),
            ActivationType.SCALED_TANH: (1.0, 1.0), ActivationType.THRESHOLDED_RELU: (1.0, 0.0),
        }
        layer._settings["alpha"], layer._settings["beta"] = defaults.get(type, (0.0, 0.0))
        return layer

    def add_lrn(self, input, window, alpha, beta, k):
        return self._new(ILRNLayer, input, window_size=window, alpha=alpha, beta=beta, k=k)

    def add_scale(self, input, mode, shift=None, scale=None, power=None):
        return self.add_scale_nd(input, mode, shift, scale, power, 1 if self._is_explicit else 0)

    def add_scale_nd(self, input, mode, shift=None, scale=None, power=None, channel_axis=1):
        return self._new(
            IScaleLayer, input, mode=mode, shift=shift, scale=scale, power=power, channel_axis=channel_axis
        )

    def add_softmax(self, input):
        return self._new(ISoftMaxLayer, input)

    def add_elementwise(self, input1, input2, op):
        return self._new(IElementWiseLayer, input1, input2, op=op)

    def add_unary(self, input, op):
        return self._new(IUnaryLayer, input, op=op)

    def add_parametric_relu(self, input, slopes):
        return self._new(IParametricReLULayer, input, slopes)

    def add_normalization(self, input, scale, bias, axesMask):
        return self._new(INormalizationLayer, input, scale, bias, axes=axesMask)

    def add_quantize(self, input, scale, output_type=None):
        return self._new(IQuantizeLayer, input, scale)

    def add_dequantize(self, input, scale, output_type=None):
        return self._new(IDequantizeLayer, input, scale)

    def add_cast(self, input, to_type):
        return self._new(ICastLayer, input, to_type=to_type)

    def add_identity(self, input):
        return self._new(IIdentityLayer, input)

    def add_select(self, condition, then_input, else_input):
        return self._new(ISelectLayer, condition, then_input, else_input)

    # Reductions and products

    def add_reduce(self, input, op, axes, keep_dims):
        return self._new(IReduceLayer, input, op=op, axes=axes, keep_dims=keep_dims)

    def add_topk(self, input, op, k, axes):
        return self._new(ITopKLayer, input, outputs=2, op=op, k=k, axes=axes)

    def add_matrix_multiply(self, input0, op0, input1, op1):
        return self._new(IMatrixMultiplyLayer, input0, input1, op0=op0, op1=op1)

    def add_einsum(self, inputs, equation):
        return self._new(IEinsumLayer, *inputs, equation=equation)

    def add_cumulative(self, input, axis, op=CumulativeOperation.SUM, exclusive=False, reverse=False):
        return self._new(ICumulativeLayer, input, axis, op=op, exclusive=exclusive, reverse=reverse)

    # Movement

    def add_concatenation(self, inputs):
        return self._new(IConcatenationLayer, *inputs)

    def add_padding_nd(self, input, pre_padding, post_padding):
        return self._new(IPaddingLayer, input, pre_padding_nd=pre_padding, post_padding_nd=post_padding)

    add_padding = add_padding_nd

    def add_shuffle(self, input):
        return self._new(IShuffleLayer, input)

    def add_slice(self, input, start, shape, stride):
        return self._new(ISliceLayer, input, start=start, shape=shape, stride=stride, mode=SampleMode.STRICT_BOUNDS)

    def add_gather(self, input, indices, axis):
        return self._new(IGatherLayer, input, indices, axis=axis)

    def add_gather_v2(self, input, indices, mode=GatherMode.DEFAULT):
        return self._new(IGatherLayer, input, indices, mode=mode)

    def add_scatter(self, data, indices, updates, mode=ScatterMode.ELEMENT):
        return self._new(IScatterLayer, data, indices, updates, mode=mode)

    def add_resize(self, input):
        return self._new(IResizeLayer, input)

    def add_shape(self, input):
        return self._new(IShapeLayer, input)

    def add_grid_sample(self, input, grid):
        return self._new(IGridSampleLayer, input, grid, interpolation_mode=InterpolationMode.LINEAR)

    def add_reverse_sequence(self, input, sequence_lens):
        return self._new(IReverseSequenceLayer, input, sequence_lens)

    def add_squeeze(self, input, axes):
        return self._new(ISqueezeLayer, input, axes)

    def add_unsqueeze(self, input, axes):
        return self._new(IUnsqueezeLayer, input, axes)

    # Making and choosing

    def add_constant(self, shape, weights):
        return self._new(IConstantLayer, shape=shape, weights=weights)

    def add_fill(self, shape, op, output_type=None):
        settings = {} if output_type is None else {"to_type": output_type}
        layer = self._new(IFillLayer, shape=shape, operation=op, **settings)
        if op == FillOperation.LINSPACE:
            layer._settings.update(alpha=0.0, beta=np.ones(len(layer.shape)))
        return layer

    def add_one_hot(self, indices, values, depth, axis):
        return self._new(IOneHotLayer, indices, values, depth, axis=axis)

    def add_non_zero(self, input):
        return self._new(INonZeroLayer, input)

    def add_nms(self, boxes, scores, max_output_boxes_per_class):
        return self._new(INMSLayer, boxes, scores, max_output_boxes_per_class, outputs=2)

    def add_assertion(self, condition, message):
        return self._new(IAssertionLayer, condition, outputs=0, message=message)

    # Plugins

    def add_plugin_v2(self, inputs, plugin):
        return add_plugin(self, inputs, plugin, IPluginV2Layer)

    def add_plugin_v3(self, inputs, shape_inputs, plugin):
        return add_plugin(self, [*inputs, *shape_inputs], plugin, IPluginV3Layer)


def _refuse(name, reason):
    def method(self, *args, **kwargs):
        self._report(UnsupportedError(f"{name}: {reason}"))

    method.__name__ = name
    method.__doc__ = f"Refused: {reason}."
    return method


for _name, _reason in REFUSED.items():
    setattr(INetworkDefinition, _name, _refuse(_name, _reason))
