# SPDX-License-Identifier: Apache-2.0
"""TensorRT's Python interface over Alula, for scripts written for NVIDIA TensorRT. Engines run on the CPU.

Not NVIDIA's software, and importable only after ``alula.dropin.install()`` or under ``python -m alula.dropin``.
Which members exist, which have no effect and which are refused: ``python -m alula.dropin --members``.
"""

import sys as _sys

from alula.dropin import surface as _surface

from ._builder import Builder
from ._callbacks import (
    IAlgorithm, IAlgorithmContext, IAlgorithmIOInfo, IAlgorithmSelector, IAlgorithmVariant, IInt8Calibrator,
    IInt8EntropyCalibrator, IInt8EntropyCalibrator2, IInt8LegacyCalibrator, IInt8MinMaxCalibrator, IProgressMonitor,
)
from ._config import IBuilderConfig, IOptimizationProfile, ITimingCache
from ._context import IExecutionContext
from ._definition import INetworkDefinition
from ._engine import ICudaEngine, ISerializationConfig
from ._enums import *  # noqa: F403  a table of TensorRT's enumerations and element types
from ._hooks import IDebugListener, IGpuAllocator, IGpuAsyncAllocator, IOutputAllocator, IProfiler, Profiler
from ._inspector import EngineInspector
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
from ._logging import IErrorRecorder, ILogger, Logger
from ._parser import OnnxParser, ParserError, get_nv_onnx_parser_version
from ._plugins import (
    IPluginCreator, IPluginCreatorV3One, IPluginRegistry, IPluginV2, IPluginV2DynamicExt, IPluginV2Ext,
    IPluginV2Layer, IPluginV3, IPluginV3Layer, IPluginV3OneBuild, IPluginV3OneCore, IPluginV3OneRuntime, PluginField,
    PluginFieldCollection, PluginTensorDesc, get_builder_plugin_registry, get_plugin_registry, init_libnvinfer_plugins,
)
from ._refitter import Refitter
from ._runtime import IStreamReader, IStreamReaderV2, Runtime
from ._tensors import ILayer, ITensor
from ._values import (
    Dims, Dims2, Dims3, Dims4, DimsCHW, DimsExprs, DimsHW, DimsNCHW, IHostMemory, Permutation, Weights, nptype, volume,
)
from ._version import IS_10 as _IS_10
from ._version import __version__

#: TensorRT's own package keeps its classes in a module of the same name inside it, and scripts name that module.
tensorrt = _sys.modules[__name__]
_sys.modules[f"{__name__}.tensorrt"] = tensorrt

PluginFieldCollection_ = PluginFieldCollection
ResizeMode = InterpolationMode  # noqa: F405
if _IS_10:
    _surface.remove_retired(tensorrt)


def __getattr__(name):
    raise AttributeError(_surface.explain_missing("tensorrt", name))
