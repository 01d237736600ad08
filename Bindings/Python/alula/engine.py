# SPDX-License-Identifier: Apache-2.0
"""Engines: loaded plans."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import weakref
from ctypes import byref, c_int64
from typing import Mapping, NamedTuple

import numpy as np

from ._library import (
    BindingStruct, EngineInformation, Owned, ShapeStruct, check, encode, lib, new_handle, take_bytes,
)
from .builder import Builder, Plan
from .context import Context
from .device import Device
from .errors import InvalidArgumentError
from .flight import Flight
from .memory import DeviceMemory
from .network import Network
from .types import dtype_of


class Binding(NamedTuple):
    """An input or output of an engine."""

    name: str
    is_input: bool
    dtype: np.dtype
    #: Extents, -1 where they vary; None for an output of unknown rank.
    shape: tuple[int, ...] | None
    #: Whether arrays have a batch in front of the shape.
    is_batched: bool

    @property
    def is_dynamic(self) -> bool:
        """Whether the shape is to be set before a run."""
        return self.shape is None or -1 in self.shape


class Engine(Owned):
    """A plan ready to run, shared by any number of contexts and threads. TensorRT: ``ICudaEngine``."""

    __slots__ = ("name", "bindings", "max_batch_size", "profile_count", "layer_count", "_by_name", "_idle", "_lock")
    _destroy = lib.alula_engine_destroy

    def __init__(self, plan: Plan):
        super().__init__(new_handle(lib.alula_engine_create, plan._handle))
        information = EngineInformation()
        check(lib.alula_engine_get_information(self._handle, byref(information)))
        #: The network's name.
        self.name: str = information.name.decode()
        #: The largest batch of an engine built with one; None where shapes hold the batch.
        self.max_batch_size: int | None = information.max_batch_size if information.has_implicit_batch else None
        self.profile_count: int = information.profile_count
        self.layer_count: int = information.layer_count
        #: All inputs, then all outputs.
        self.bindings: tuple[Binding, ...] = tuple(self._binding(index) for index in range(information.binding_count))
        self._by_name = {binding.name: binding for binding in self.bindings}
        self._idle: list[Context] = []
        self._lock = threading.Lock()

    def _binding(self, index: int) -> Binding:
        binding = BindingStruct()
        check(lib.alula_engine_get_binding(self._handle, index, byref(binding)))
        dtype = dtype_of(binding.data_type)
        assert dtype is not None  # bindings have types
        return Binding(
            binding.name.decode(), binding.is_input, dtype, binding.shape.tuple(), self.max_batch_size is not None
        )

    @classmethod
    def from_onnx(cls, model, *, folder: str | os.PathLike | None = None, **settings) -> "Engine":
        """Builds an engine from an ONNX model, a path or bytes; ``settings`` are those of :class:`Builder`.

        >>> engine = alula.Engine.from_onnx("model.onnx")
        >>> outputs = engine.run({"input": array})
        """
        return cls(Builder(**settings).build(Network.from_onnx(model, folder=folder)))

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Engine":
        """Loads a plan file."""
        return cls(Plan.load(path))

    @classmethod
    def from_bytes(cls, data) -> "Engine":
        """Loads a plan from bytes."""
        return cls(Plan.from_bytes(data))

    @property
    def plan(self) -> Plan:
        """The plan the engine runs."""
        return Plan(new_handle(lib.alula_engine_get_plan, self._handle))

    def save(self, path: str | os.PathLike) -> None:
        """Writes the engine's plan to a file."""
        self.plan.save(path)

    def to_bytes(self) -> bytes:
        """The engine's plan as bytes."""
        return self.plan.to_bytes()

    @property
    def inputs(self) -> tuple[Binding, ...]:
        """The inputs, in binding order."""
        return tuple(binding for binding in self.bindings if binding.is_input)

    @property
    def outputs(self) -> tuple[Binding, ...]:
        """The outputs, in binding order."""
        return tuple(binding for binding in self.bindings if not binding.is_input)

    def binding(self, name: str) -> Binding:
        """The binding with a name."""
        try:
            return self._by_name[name]
        except KeyError:
            names = ", ".join(f"'{known}'" for known in self._by_name)
            raise InvalidArgumentError(f"no such binding: got '{name}', expected one of {names}") from None

    def profile_shapes(self, name: str, profile: int = 0) -> tuple[tuple[int, ...], ...] | None:
        """Minimum, optimum and maximum of an input in a profile; None where it has none."""
        shapes = [ShapeStruct() for _ in range(3)]
        check(lib.alula_engine_get_profile_shape(self._handle, profile, encode(name), *map(byref, shapes)))
        return None if shapes[0].rank < 0 else tuple(shape.tuple() for shape in shapes)

    def workspace_byte_count(self, profile: int = 0) -> int:
        """Bytes of workspace a context needs."""
        count = c_int64()
        check(lib.alula_engine_workspace(self._handle, profile, byref(count)))
        return count.value

    def describe(self) -> dict:
        """Layers and bindings, in the form of TensorRT's engine inspector."""
        return json.loads(take_bytes(new_handle(lib.alula_engine_describe, self._handle)))

    def make_context(
        self, device: Device | None = None, *, name: str = "context", workspace: DeviceMemory | None = None
    ) -> Context:
        """Makes a context to run the engine in: cheap beside the weights, which all share."""
        return Context(self, device, name=name, workspace=workspace)

    # Arrays

    def run(
        self, inputs: Mapping[str, np.ndarray], *, batch_size: int | None = None, zero_copy: bool = False
    ) -> dict[str, np.ndarray]:
        """Runs one inference on arrays and returns the outputs by name. Any number of threads may call at once.

        :param inputs: one array an input, of the input's type; arrays that are not contiguous are copied first.
        :param batch_size: for engines with ``max_batch_size``; the arrays' leading extent says it too.
        :param zero_copy: uses the arrays themselves instead of copies where they are aligned. Nobody may
            change them until the call returns.
        """
        context = self._take_context()
        try:
            return context.run(inputs, batch_size=batch_size, zero_copy=zero_copy)
        finally:
            self._give_context(context)

    async def run_async(
        self, inputs: Mapping[str, np.ndarray], *, batch_size: int | None = None
    ) -> dict[str, np.ndarray]:
        """As :meth:`run`, suspending the task instead of blocking the thread.

        The arrays are read after the call: leave them unchanged until it is done. They are kept alive also if the task
        is cancelled.
        """
        from .aio import wait_for_event

        context = self._take_context()
        try:
            flight = Flight(context, inputs, batch_size, False)
        except BaseException:
            self._give_context(context)
            raise
        try:
            await wait_for_event(context.own_stream().record(), flight)
        except asyncio.CancelledError:
            raise  # the context goes with the work
        except BaseException:
            context.own_stream().clear_error()
            self._give_context(context)
            raise
        self._give_context(context)
        return flight.outputs

    def _take_context(self) -> Context:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        context = self.make_context()
        # The engine keeps the context: it must not be kept by it in turn, or only the collector of cycles could free both.
        context.engine = weakref.proxy(self)
        return context

    def _give_context(self, context: Context) -> None:
        with self._lock:
            self._idle.append(context)
