# SPDX-License-Identifier: Apache-2.0
"""The ONNX parser."""

import os

from alula import AlulaError, InvalidStateError, Network, supported_operators

from ._enums import ErrorCode, LayerType, OnnxParserFlag
from ._logging import Reporter, checked_logger
from ._tensors import ILayer, ITensor
from ._version import IS_10

#: What TensorRT would call the layer of an operator; everything else shows as an element-wise one.
_LAYER_TYPES = {
    "Conv": "CONVOLUTION", "ConvTranspose": "DECONVOLUTION", "MaxPool": "POOLING", "AveragePool": "POOLING",
    "GlobalAveragePool": "POOLING", "GlobalMaxPool": "POOLING", "LRN": "LRN", "Softmax": "SOFTMAX",
    "LogSoftmax": "SOFTMAX", "Concat": "CONCATENATION", "MatMul": "MATRIX_MULTIPLY", "Gemm": "MATRIX_MULTIPLY",
    "Reshape": "SHUFFLE", "Transpose": "SHUFFLE", "Flatten": "SHUFFLE", "Squeeze": "SHUFFLE", "Unsqueeze": "SHUFFLE",
    "DepthToSpace": "SHUFFLE", "SpaceToDepth": "SHUFFLE", "Slice": "SLICE", "Split": "SLICE", "Pad": "SLICE",
    "Expand": "SLICE", "Tile": "SLICE", "Gather": "GATHER", "GatherND": "GATHER", "GatherElements": "GATHER",
    "ScatterND": "SCATTER", "ScatterElements": "SCATTER", "TopK": "TOPK", "ArgMax": "TOPK", "ArgMin": "TOPK",
    "Resize": "RESIZE", "Shape": "SHAPE", "Identity": "IDENTITY", "Cast": "CAST", "Where": "SELECT",
    "QuantizeLinear": "QUANTIZE", "DequantizeLinear": "DEQUANTIZE", "Einsum": "EINSUM", "NonZero": "NON_ZERO",
    "OneHot": "ONE_HOT", "NonMaxSuppression": "NMS", "GridSample": "GRID_SAMPLE", "ReverseSequence": "REVERSE_SEQUENCE",
    "BatchNormalization": "SCALE", "InstanceNormalization": "NORMALIZATION", "LayerNormalization": "NORMALIZATION",
    "GroupNormalization": "NORMALIZATION", "PRelu": "PARAMETRIC_RELU", "Range": "FILL", "ConstantOfShape": "FILL",
    "CumSum": "CUMULATIVE",
}
_ACTIVATIONS = (
    "Relu LeakyRelu Sigmoid Tanh Elu Selu Softsign Softplus Clip HardSigmoid HardSwish ThresholdedRelu Gelu Mish Swish Celu"
).split()
_UNARY = (
    "Exp Log Sqrt Reciprocal Abs Neg Sin Cos Tan Sinh Cosh Asin Acos Atan Asinh Acosh Atanh Ceil Floor Erf Not Sign Round "
    "IsInf IsNaN"
).split()


def _layer_type(operator):
    if operator in _ACTIVATIONS:
        return LayerType.ACTIVATION
    if operator in _UNARY:
        return LayerType.UNARY
    if operator.startswith("Reduce"):
        return LayerType.REDUCE
    return getattr(LayerType, _LAYER_TYPES.get(operator, "ELEMENTWISE"), LayerType.ELEMENTWISE)


class ParsedLayer(ILayer):
    """A node of a model as a layer."""

    def __init__(self, network, node, position, inputs, outputs):
        super().__init__(network, inputs, 0)
        self._is_parsed = True
        self._type = _layer_type(node.operator)
        self._name = node.name
        self._position = position
        self._outputs = outputs
        self.metadata = f"[ONNX Layer: {node.name} | {node.operator}]"


class ParserError:
    """Why a model was not read."""

    def __init__(self, error, code):
        self._error, self._code = error, code

    def code(self):
        return self._code

    def desc(self):
        return str(self._error)

    def file(self):
        return "alula"

    def line(self):
        return 0

    def func(self):
        return "parse"

    def node(self):
        return -1

    def node_name(self):
        return ""

    def node_operator(self):
        return ""

    def local_function_stack(self):
        return []

    def __str__(self):
        return f"In node {self.node()}: {self._code.name}: {self._error}"

    __repr__ = __str__


class OnnxParser(Reporter):
    """Reads ONNX models into a network."""

    def __init__(self, network, logger):
        self._network = network
        self._logger = checked_logger(logger)
        self._errors = []
        self.error_recorder = None
        self.flags = 1 << int(OnnxParserFlag.NATIVE_INSTANCENORM)

    def parse(self, model, path=None):
        """Reads a model from bytes; ``path`` is where its external data lie."""
        folder = os.path.dirname(os.path.abspath(os.fsdecode(path))) if path else None
        return self._parse(lambda: Network.from_onnx(bytes(model), folder=folder))

    def parse_from_file(self, model):
        """Reads a model file; external data lie beside it."""
        return self._parse(lambda: Network.from_onnx(os.fspath(model)))

    def parse_with_weight_descriptors(self, model):
        return self.parse(model)

    def _parse(self, read):
        network = self._network
        self._errors = []
        try:
            if network._model is not None or network._layers or network._inputs:
                raise InvalidStateError("parse: got a network that is not empty, expected one nothing was added to")
            model = read()
            self._populate(model)
            return True
        except AlulaError as error:
            code = ErrorCode.UNSUPPORTED_NODE if error.status == 10 else ErrorCode.MODEL_DESERIALIZE_FAILED
            self._errors.append(ParserError(error, code))
            self._report(error, "ONNX parser")
            return False

    def _populate(self, model):
        network = self._network
        tensors = {}

        def tensor(value, layer=None, index=0):
            if value is None:
                return None
            if value not in tensors:
                tensors[value] = ITensor(network, layer, index, model.value(value).name)
            return tensors[value]

        network._model = model
        network._inputs = [tensor(value) for value in model.inputs]
        for position in range(len(model)):
            node = model[position]
            inputs = [tensor(value) for value in node.inputs]
            layer = ParsedLayer(network, node, position, inputs, [])
            layer._outputs = [tensor(value, layer, index) for index, value in enumerate(node.outputs)]
            network._layers.append(layer)
        network._outputs = [tensor(value) for value in model.outputs]
        network._parsed_values = tensors
        network._emitted = None

    @property
    def num_errors(self):
        return len(self._errors)

    def get_error(self, index):
        return self._errors[index] if 0 <= index < len(self._errors) else None

    def clear_errors(self):
        self._errors = []

    def supports_operator(self, op_name):
        return op_name in supported_operators()

    def supports_model(self, model, path=None):
        """Whether a model can be read; in version 8 with the parts that can: all of it, or nothing."""
        try:
            folder = os.path.dirname(os.path.abspath(os.fsdecode(path))) if path else None
            count = len(Network.from_onnx(bytes(model), folder=folder))
            supported, parts = True, [(list(range(count)), True)]
        except AlulaError as error:
            self._errors = [ParserError(error, ErrorCode.UNSUPPORTED_NODE)]
            supported, parts = False, []
        return supported if IS_10 else (supported, parts)

    supports_model_v2 = supports_model

    def set_flag(self, flag):
        self.flags |= 1 << int(flag)

    def clear_flag(self, flag):
        self.flags &= ~(1 << int(flag))

    def get_flag(self, flag):
        return bool(self.flags >> int(flag) & 1)

    def set_builder_config(self, config):
        return True

    def get_used_vc_plugin_libraries(self):
        return []

    def get_layer_output_tensor(self, name, i):
        for layer in self._network._layers:
            if layer.name == name:
                return layer.get_output(i)
        return None


def get_nv_onnx_parser_version():
    """The version of the parser, as a number."""
    from ._version import MAJOR, MINOR

    return MAJOR * 1000 + MINOR * 100
