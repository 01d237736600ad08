# SPDX-License-Identifier: Apache-2.0
"""TensorRT's enumerations with TensorRT's values. A table; the values are those of NvInfer.h.

Where version 10 renumbered, the numbers are those of the version that is stood in for.
"""

import enum

import numpy as np

from ._version import IS_10


class _Enum(enum.Enum):
    """An enumeration as pybind11 makes them: converts to int, is unlike members of other enumerations."""

    def __int__(self):
        return self.value

    def __index__(self):
        return self.value

    def __repr__(self):
        return f"<{type(self).__name__}.{self.name}: {self.value}>"

    def __str__(self):
        return f"{type(self).__name__}.{self.name}"

    def __lt__(self, other):
        return int(self) < int(other)

    def __le__(self, other):
        return int(self) <= int(other)

    def __gt__(self, other):
        return int(self) > int(other)

    def __ge__(self, other):
        return int(self) >= int(other)

    def __and__(self, other):
        return int(self) & int(other)

    def __or__(self, other):
        return int(self) | int(other)

    __rand__, __ror__ = __and__, __or__


def _make(name, members, module="tensorrt", qualname=None):
    if isinstance(members, str):
        members = {member: value for value, member in enumerate(members.split())}
    cls = _Enum(name, members, module=module, qualname=qualname or name)
    return cls


class DataType(_Enum):
    """Element types."""

    FLOAT, HALF, INT8, INT32, BOOL, UINT8, FP8, BF16, INT64, INT4, FP4 = range(11)

    @property
    def itemsize(self):
        """Bytes of one element; a fraction for types below a byte."""
        return {"FLOAT": 4, "HALF": 2, "INT32": 4, "BF16": 2, "INT64": 8, "INT4": 0.5, "FP4": 0.5}.get(self.name, 1)


float32, float16, int8, int32 = DataType.FLOAT, DataType.HALF, DataType.INT8, DataType.INT32
bool, uint8, fp8, bfloat16, int64, int4, fp4 = (  # noqa: A001  TensorRT's name
    DataType.BOOL, DataType.UINT8, DataType.FP8, DataType.BF16, DataType.INT64, DataType.INT4, DataType.FP4,
)

_NUMPY = {
    DataType.FLOAT: np.dtype("float32"), DataType.HALF: np.dtype("float16"), DataType.INT8: np.dtype("int8"),
    DataType.INT32: np.dtype("int32"), DataType.BOOL: np.dtype("bool"), DataType.UINT8: np.dtype("uint8"),
    DataType.INT64: np.dtype("int64"),
}
_FROM_NUMPY = {dtype: kind for kind, dtype in _NUMPY.items()}

TensorFormat = _make(
    "TensorFormat", "LINEAR CHW2 HWC8 CHW4 CHW16 CHW32 DHWC8 CDHW32 HWC DLA_LINEAR DLA_HWC4 HWC16 DHWC"
)
TensorLocation = _make("TensorLocation", "DEVICE HOST")
TensorIOMode = _make("TensorIOMode", "NONE INPUT OUTPUT")

if IS_10:
    BuilderFlag = _make(
        "BuilderFlag",
        "FP16 INT8 DEBUG GPU_FALLBACK REFIT DISABLE_TIMING_CACHE TF32 SPARSE_WEIGHTS SAFETY_SCOPE "
        "OBEY_PRECISION_CONSTRAINTS PREFER_PRECISION_CONSTRAINTS DIRECT_IO REJECT_EMPTY_ALGORITHMS VERSION_COMPATIBLE "
        "EXCLUDE_LEAN_RUNTIME FP8 ERROR_ON_TIMING_CACHE_MISS BF16 DISABLE_COMPILATION_CACHE STRIP_PLAN REFIT_IDENTICAL "
        "WEIGHT_STREAMING INT4 REFIT_INDIVIDUAL STRICT_NANS MONITOR_MEMORY FP4 EDITABLE_TIMING_CACHE "
        "DISTRIBUTIVE_INDEPENDENCE",
    )
    LayerType = _make(
        "LayerType",
        "CONVOLUTION CAST ACTIVATION POOLING LRN SCALE SOFTMAX DECONVOLUTION CONCATENATION ELEMENTWISE PLUGIN UNARY "
        "PADDING SHUFFLE REDUCE TOPK GATHER MATRIX_MULTIPLY RAGGED_SOFTMAX CONSTANT IDENTITY PLUGIN_V2 SLICE SHAPE "
        "PARAMETRIC_RELU RESIZE TRIP_LIMIT RECURRENCE ITERATOR LOOP_OUTPUT SELECT FILL QUANTIZE DEQUANTIZE CONDITION "
        "CONDITIONAL_INPUT CONDITIONAL_OUTPUT SCATTER EINSUM ASSERTION ONE_HOT NON_ZERO GRID_SAMPLE NMS "
        "REVERSE_SEQUENCE NORMALIZATION PLUGIN_V3 SQUEEZE UNSQUEEZE CUMULATIVE DYNAMIC_QUANTIZE",
    )
    NetworkDefinitionCreationFlag = _make(
        "NetworkDefinitionCreationFlag", {"EXPLICIT_BATCH": 0, "STRONGLY_TYPED": 1, "PREFER_AOT_PYTHON_PLUGINS": 2}
    )
    PreviewFeature = _make(
        "PreviewFeature", {"PROFILE_SHARING_0806": 0, "ALIASED_PLUGIN_IO_10_03": 1, "RUNTIME_ACTIVATION_RESIZE_10_10": 2}
    )
    PaddingMode = _make("PaddingMode", {"EXPLICIT_ROUND_DOWN": 0, "EXPLICIT_ROUND_UP": 1, "SAME_UPPER": 2, "SAME_LOWER": 3})
else:
    BuilderFlag = _make(
        "BuilderFlag",
        {
            "FP16": 0, "INT8": 1, "DEBUG": 2, "GPU_FALLBACK": 3, "STRICT_TYPES": 4, "REFIT": 5,
            "DISABLE_TIMING_CACHE": 6, "TF32": 7, "SPARSE_WEIGHTS": 8, "SAFETY_SCOPE": 9,
            "OBEY_PRECISION_CONSTRAINTS": 10, "PREFER_PRECISION_CONSTRAINTS": 11, "DIRECT_IO": 12,
            "REJECT_EMPTY_ALGORITHMS": 13, "ENABLE_TACTIC_HEURISTIC": 14, "VERSION_COMPATIBLE": 15,
            "EXCLUDE_LEAN_RUNTIME": 16, "FP8": 17,
        },
    )
    LayerType = _make(
        "LayerType",
        "CONVOLUTION FULLY_CONNECTED ACTIVATION POOLING LRN SCALE SOFTMAX DECONVOLUTION CONCATENATION ELEMENTWISE "
        "PLUGIN UNARY PADDING SHUFFLE REDUCE TOPK GATHER MATRIX_MULTIPLY RAGGED_SOFTMAX CONSTANT RNN_V2 IDENTITY "
        "PLUGIN_V2 SLICE SHAPE PARAMETRIC_RELU RESIZE TRIP_LIMIT RECURRENCE ITERATOR LOOP_OUTPUT SELECT FILL QUANTIZE "
        "DEQUANTIZE CONDITION CONDITIONAL_INPUT CONDITIONAL_OUTPUT SCATTER EINSUM ASSERTION ONE_HOT NON_ZERO "
        "GRID_SAMPLE NMS REVERSE_SEQUENCE NORMALIZATION CAST PLUGIN_V3 SQUEEZE UNSQUEEZE CUMULATIVE",
    )
    NetworkDefinitionCreationFlag = _make(
        # The last is a name of version 10, for code that asks for it whatever the version; it is no number of 8.6's.
        "NetworkDefinitionCreationFlag", {"EXPLICIT_BATCH": 0, "EXPLICIT_PRECISION": 1, "STRONGLY_TYPED": 2}
    )
    PreviewFeature = _make(
        "PreviewFeature",
        {
            "FASTER_DYNAMIC_SHAPES_0805": 0, "DISABLE_EXTERNAL_TACTIC_SOURCES_FOR_CORE_0805": 1,
            "PROFILE_SHARING_0806": 2,
        },
    )
    PaddingMode = _make(
        "PaddingMode",
        "EXPLICIT_ROUND_DOWN EXPLICIT_ROUND_UP SAME_UPPER SAME_LOWER CAFFE_ROUND_DOWN CAFFE_ROUND_UP",
    )

ActivationType = _make(
    "ActivationType",
    "RELU SIGMOID TANH LEAKY_RELU ELU SELU SOFTSIGN SOFTPLUS CLIP HARD_SIGMOID SCALED_TANH THRESHOLDED_RELU GELU_ERF "
    "GELU_TANH",
)
PoolingType = _make("PoolingType", "MAX AVERAGE MAX_AVERAGE_BLEND")
ScaleMode = _make("ScaleMode", "UNIFORM CHANNEL ELEMENTWISE")
ElementWiseOperation = _make(
    "ElementWiseOperation", "SUM PROD MAX MIN SUB DIV POW FLOOR_DIV AND OR XOR EQUAL GREATER LESS"
)
UnaryOperation = _make(
    "UnaryOperation",
    "EXP LOG SQRT RECIP ABS NEG SIN COS TAN SINH COSH ASIN ACOS ATAN ASINH ACOSH ATANH CEIL FLOOR ERF NOT SIGN ROUND "
    "ISINF ISNAN",
)
ReduceOperation = _make("ReduceOperation", "SUM PROD MAX MIN AVG")
TopKOperation = _make("TopKOperation", "MAX MIN")
MatrixOperation = _make("MatrixOperation", "NONE TRANSPOSE VECTOR")
ResizeMode = InterpolationMode = _make("InterpolationMode", "NEAREST LINEAR CUBIC")
ResizeCoordinateTransformation = _make("ResizeCoordinateTransformation", "ALIGN_CORNERS ASYMMETRIC HALF_PIXEL")
ResizeSelector = _make("ResizeSelector", "FORMULA UPPER")
ResizeRoundMode = _make("ResizeRoundMode", "HALF_UP HALF_DOWN FLOOR CEIL")
SampleMode = _make(
    "SampleMode", {"STRICT_BOUNDS": 0, "DEFAULT": 0, "WRAP": 1, "CLAMP": 2, "FILL": 3, "REFLECT": 4}
)
SliceMode = SampleMode
GatherMode = _make("GatherMode", "DEFAULT ELEMENT ND")
ScatterMode = _make("ScatterMode", "ELEMENT ND")
FillOperation = _make("FillOperation", "LINSPACE RANDOM_UNIFORM RANDOM_NORMAL")
CumulativeOperation = _make("CumulativeOperation", "SUM")
LoopOutput = _make("LoopOutput", "LAST_VALUE CONCATENATE REVERSE")
TripLimit = _make("TripLimit", "COUNT WHILE")
BoundingBoxFormat = _make("BoundingBoxFormat", "CORNER_PAIRS CENTER_SIZES")
RNNOperation = _make("RNNOperation", "RELU TANH LSTM GRU")
RNNDirection = _make("RNNDirection", "UNIDIRECTION BIDIRECTION")
RNNInputMode = _make("RNNInputMode", "LINEAR SKIP")
RNNGateType = _make("RNNGateType", "INPUT OUTPUT FORGET UPDATE RESET CELL HIDDEN")
WeightsRole = _make("WeightsRole", "KERNEL BIAS SHIFT SCALE CONSTANT ANY")
MemoryPoolType = _make(
    "MemoryPoolType",
    "WORKSPACE DLA_MANAGED_SRAM DLA_LOCAL_DRAM DLA_GLOBAL_DRAM TACTIC_DRAM TACTIC_SHARED_MEMORY",
)
ProfilingVerbosity = _make(
    "ProfilingVerbosity", {"LAYER_NAMES_ONLY": 0, "NONE": 1, "DETAILED": 2, "DEFAULT": 0, "VERBOSE": 2}
)
TacticSource = _make("TacticSource", "CUBLAS CUBLAS_LT CUDNN EDGE_MASK_CONVOLUTIONS JIT_CONVOLUTIONS")
EngineCapability = _make(
    "EngineCapability",
    {"STANDARD": 0, "SAFETY": 1, "DLA_STANDALONE": 2, "DEFAULT": 0, "SAFE_GPU": 1, "SAFE_DLA": 2},
)
DeviceType = _make("DeviceType", "GPU DLA")
QuantizationFlag = _make("QuantizationFlag", "CALIBRATE_BEFORE_FUSION")
HardwareCompatibilityLevel = _make("HardwareCompatibilityLevel", "NONE AMPERE_PLUS SAME_COMPUTE_CAPABILITY")
RuntimePlatform = _make("RuntimePlatform", "SAME_AS_BUILD WINDOWS_AMD64")
TilingOptimizationLevel = _make("TilingOptimizationLevel", "NONE FAST MODERATE FULL")
LayerInformationFormat = _make("LayerInformationFormat", "ONELINE JSON")
ExecutionContextAllocationStrategy = _make(
    "ExecutionContextAllocationStrategy", "STATIC ON_PROFILE_CHANGE USER_MANAGED"
)
SerializationFlag = _make("SerializationFlag", "EXCLUDE_WEIGHTS EXCLUDE_LEAN_RUNTIME INCLUDE_REFIT")
TempfileControlFlag = _make("TempfileControlFlag", "ALLOW_IN_MEMORY_FILES ALLOW_TEMPORARY_FILES")
CalibrationAlgoType = _make(
    "CalibrationAlgoType", "LEGACY_CALIBRATION ENTROPY_CALIBRATION ENTROPY_CALIBRATION_2 MINMAX_CALIBRATION"
)
AllocatorFlag = _make("AllocatorFlag", "RESIZABLE")
OnnxParserFlag = _make(
    "OnnxParserFlag",
    "NATIVE_INSTANCENORM ENABLE_UINT8_AND_ASYMMETRIC_QUANTIZATION_DLA REPORT_CAPABILITY_DLA",
)
PluginFieldType = _make("PluginFieldType", "FLOAT16 FLOAT32 FLOAT64 INT8 INT16 INT32 CHAR DIMS UNKNOWN BF16 INT64 FP8")
PluginCapabilityType = _make("PluginCapabilityType", "CORE BUILD RUNTIME")
TensorRTPhase = _make("TensorRTPhase", "BUILD RUNTIME")
ErrorCodeTRT = _make(
    "ErrorCodeTRT",
    "SUCCESS UNSPECIFIED_ERROR INTERNAL_ERROR INVALID_ARGUMENT INVALID_CONFIG FAILED_ALLOCATION FAILED_INITIALIZATION "
    "FAILED_EXECUTION FAILED_COMPUTATION INVALID_STATE UNSUPPORTED_STATE",
)
ErrorCode = _make(
    "ErrorCode",
    "SUCCESS INTERNAL_ERROR MEM_ALLOC_FAILED MODEL_DESERIALIZE_FAILED INVALID_VALUE INVALID_GRAPH INVALID_NODE "
    "UNSUPPORTED_GRAPH UNSUPPORTED_NODE UNSUPPORTED_NODE_ATTR UNSUPPORTED_NODE_INPUT UNSUPPORTED_NODE_DATATYPE "
    "UNSUPPORTED_NODE_DYNAMIC UNSUPPORTED_NODE_SHAPE REFIT_FAILED",
)
Severity = _make("Severity", "INTERNAL_ERROR ERROR WARNING INFO VERBOSE", qualname="ILogger.Severity")

#: What the package takes over: the enumerations and element types.
__all__ = [name for name in globals() if not name.startswith("_") and name not in ("enum", "np", "IS_10", "Severity")]
