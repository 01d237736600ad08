# SPDX-License-Identifier: Apache-2.0
"""Alula: inference on CPUs with TensorRT's execution model.

>>> import alula
>>> engine = alula.Engine.from_onnx("model.onnx")
>>> outputs = engine.run({"input": array})

Below that lie streams, events and contexts with the same meaning as TensorRT's and CUDA's::

    context, stream = engine.make_context(), alula.Stream()
    source, target = alula.DeviceMemory(array.nbytes), alula.DeviceMemory(result.nbytes)
    stream.upload(array, source)
    context.enqueue(stream, [source, target])       # returns at once
    stream.download(target, result)                 # returns when the result is there

``python -m alula.dropin script.py`` runs scripts written for TensorRT; see :mod:`alula.dropin`.
"""

from ._library import lib as _lib
from .builder import Builder, Plan
from .context import Context
from .device import Device, default_device
from .engine import Binding, Engine
from .errors import (
    AlulaError, AllocationError, CancelledError, ComputationError, ExecutionError, InitializationError, InternalError,
    InvalidArgumentError, InvalidConfigError, InvalidStateError, NotPermittedError, NotReadyError, UnsupportedError,
)
from .memory import DeviceMemory, Registration, empty_pinned
from .network import Network, Node, Value, supported_operators
from .stream import Event, Graph, Stream

__version__ = _lib.alula_version().decode()

__all__ = [
    "AlulaError", "AllocationError", "Binding", "Builder", "CancelledError", "ComputationError", "Context", "Device",
    "DeviceMemory", "Engine", "Event", "ExecutionError", "Graph", "InitializationError", "InternalError",
    "InvalidArgumentError", "InvalidConfigError", "InvalidStateError", "Network", "Node", "NotPermittedError",
    "NotReadyError", "Plan", "Registration", "Stream", "UnsupportedError", "Value", "default_device", "empty_pinned",
    "supported_operators",
]
