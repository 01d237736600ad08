# SPDX-License-Identifier: Apache-2.0
"""Execution contexts: the state of one flow of inferences."""

from __future__ import annotations

import itertools
import traceback
from ctypes import byref, c_int32, c_int64, c_void_p
from typing import TYPE_CHECKING, Any, Callable, Mapping, Sequence

import numpy as np

from ._library import (
    LayerTime, NotifyShape, Owned, ReallocateOutput, ShapeStruct, check, encode, lib, new_handle, take_bytes,
)
from .device import Device, default_device
from .errors import InvalidArgumentError
from .memory import DeviceMemory, addresses
from .stream import Event, Stream

if TYPE_CHECKING:
    from .engine import Engine

_enqueue_named = lib.alula_context_enqueue_named
_enqueue = lib.alula_context_enqueue
_enqueue_batch = lib.alula_context_enqueue_batch


class Context(Owned):
    """Runs an engine: shapes, addresses, workspace. One thread uses a context at a time; weights are shared.

    TensorRT: ``IExecutionContext``.
    """

    __slots__ = ("engine", "device", "_callbacks", "_names", "_memory", "_stream", "_staging")
    _destroy = lib.alula_context_destroy

    def __init__(
        self, engine: "Engine", device: Device | None = None, *, name: str = "context", workspace: DeviceMemory | None = None
    ):
        self.engine = engine
        self.device = device or default_device()
        address = None if workspace is None else int(workspace)
        super().__init__(
            new_handle(lib.alula_context_create, engine._handle, self.device._handle, encode(name), address)
        )
        self._callbacks = _Callbacks()
        self._names = {binding.name: encode(binding.name) for binding in engine.bindings}
        # What is kept alive because the context knows its address only.
        self._memory: dict = {"workspace": workspace}
        self._stream: Stream | None = None
        self._staging: dict = {}

    def _name(self, name: str) -> bytes:
        return self._names.get(name) or encode(name)

    # Shapes and addresses

    def set_shape(self, name: str, shape: Sequence[int]) -> None:
        """Sets the shape of an input whose extents vary, and prepares the engine for it."""
        check(lib.alula_context_set_input_shape(self._handle, self._name(name), byref(ShapeStruct.of(shape))))

    def shape(self, name: str) -> tuple[int, ...] | None:
        """The shape of a binding for the present inputs; None when it is not known yet."""
        shape = ShapeStruct()
        check(lib.alula_context_get_shape(self._handle, self._name(name), byref(shape)))
        return shape.tuple()

    def missing_shapes(self) -> list[str]:
        """The inputs whose shapes are still to be set; raises when those that are set do not go together."""
        text = take_bytes(new_handle(lib.alula_context_infer_shapes, self._handle)).decode()
        return text.split("\n") if text else []

    def set_address(self, name: str, memory) -> None:
        """Keeps memory for a binding, for :meth:`enqueue` without bindings. It is checked at every enqueue."""
        check(lib.alula_context_set_address(self._handle, self._name(name), int(memory)))
        self._memory[name] = memory

    def address(self, name: str) -> int:
        """The address kept for a binding; 0 when there is none."""
        address = c_void_p()
        check(lib.alula_context_get_address(self._handle, self._name(name), byref(address)))
        return address.value or 0

    @property
    def profile(self) -> int:
        """The optimization profile whose ranges shapes are checked against."""
        index = c_int32()
        check(lib.alula_context_get_profile(self._handle, byref(index)))
        return index.value

    @profile.setter
    def profile(self, index: int) -> None:
        check(lib.alula_context_set_profile(self._handle, index))

    @property
    def workspace_byte_count(self) -> int:
        """Bytes of workspace that the present shapes use."""
        count = c_int64()
        check(lib.alula_context_workspace(self._handle, byref(count)))
        return count.value

    # Enqueueing

    def enqueue(
        self,
        stream: Stream,
        bindings: Sequence | None = None,
        *,
        batch_size: int | None = None,
        input_consumed: Event | None = None,
    ) -> None:
        """Enqueues one inference and returns before it runs.

        Memory comes from :meth:`set_address`, or from ``bindings``: device memory or addresses for all inputs, then all
        outputs. Device memory may be let go of at once; the work keeps it.

        :param batch_size: for engines built with ``max_batch_size``; needs ``bindings``.
        :param input_consumed: ready when every input has been read, often long before the outputs are there; needs
            ``bindings``, otherwise use :meth:`set_input_consumed`.
        """
        try:
            target = stream._handle
        except AttributeError:
            raise InvalidArgumentError(f"enqueue: got {stream!r} as the stream, expected an alula.Stream") from None
        if bindings is None:
            if batch_size is not None or input_consumed is not None:
                raise InvalidArgumentError("enqueue: got batch_size or input_consumed without bindings, expected both")
            status = _enqueue_named(self._handle, target)
        else:
            event = 0 if input_consumed is None else input_consumed._handle
            if batch_size is None:
                status = _enqueue(self._handle, addresses(bindings), len(bindings), target, event)
            else:
                status = _enqueue_batch(self._handle, batch_size, addresses(bindings), len(bindings), target, event)
        if status:
            check(status)

    def execute(self, bindings: Sequence, *, batch_size: int | None = None) -> None:
        """Runs one inference on a stream of the context's own and waits."""
        check(lib.alula_context_execute(self._handle, batch_size or 0, addresses(bindings), len(bindings)))

    def set_input_consumed(self, event: Event | None) -> None:
        """Keeps an event that is ready when later runs enqueued without bindings have read their inputs."""
        check(lib.alula_context_set_input_consumed(self._handle, 0 if event is None else event._handle))
        self._memory["input consumed"] = event

    def set_profiler(self, report: Callable[[str, float], None] | None) -> None:
        """Calls ``report(layer, milliseconds)`` for each layer after each run, on the stream's thread; it must not call
        into Alula."""
        token = self._callbacks.add(report)
        check(lib.alula_context_set_profiler(self._handle, _on_layer_time if token else LayerTime(), token))

    def set_output_allocator(
        self,
        name: str,
        allocate: Callable[[str, int], int] | None,
        notify: Callable[[str, tuple[int, ...]], None] | None = None,
    ) -> None:
        """Asks ``allocate(name, byte_count)`` for the memory of an output that only a run can size.

        Both are called on the stream's thread. ``allocate`` returns device memory, or 0 to make the run fail.
        """
        token = self._callbacks.add(None if allocate is None else (allocate, notify))
        functions = (_on_reallocate, _on_shape) if token else (ReallocateOutput(), NotifyShape())
        check(lib.alula_context_set_output_allocator(self._handle, self._name(name), *functions, token))

    # Arrays

    def run(
        self, inputs: Mapping[str, np.ndarray], *, batch_size: int | None = None, zero_copy: bool = False
    ) -> dict[str, np.ndarray]:
        """Runs one inference on arrays and returns the outputs by name. See :meth:`Engine.run`."""
        from .flight import Flight

        return Flight(self, inputs, batch_size, zero_copy).wait()

    def own_stream(self) -> Stream:
        """The stream of :meth:`run`, made at the first use."""
        if self._stream is None:
            self._stream = Stream(self.device, non_blocking=True)
        return self._stream


#: What the library may call, by token. The C functions below live as long as the process, so that a run in flight may call
#: them at any time; a token that is gone has nobody left to tell.
_targets: dict[int, Any] = {}
_tokens = itertools.count(1)


class _Callbacks:
    """The callbacks of one context. Work in flight may still call some that were replaced: the last 64 stay."""

    def __init__(self):
        self._mine: list[int] = []

    def add(self, target) -> int:
        """A token for ``target``; 0 for None."""
        if target is None:
            return 0
        for token in self._mine:
            if _targets[token] == target:
                return token
        token = next(_tokens)
        _targets[token] = target
        self._mine.append(token)
        if len(self._mine) > 64:
            del _targets[self._mine.pop(0)]
        return token

    def __del__(self):
        for token in self._mine:
            _targets.pop(token, None)


@LayerTime
def _on_layer_time(token, layer, milliseconds):
    report = _targets.get(token)
    if report is not None:
        report(layer.decode(), milliseconds)


@ReallocateOutput
def _on_reallocate(token, tensor, byte_count):
    target = _targets.get(token)
    try:
        return 0 if target is None else int(target[0](tensor.decode(), byte_count))
    except Exception:
        traceback.print_exc()  # the run fails; nobody else could say why
        return 0


@NotifyShape
def _on_shape(token, tensor, shape):
    target = _targets.get(token)
    if target is not None and target[1] is not None:
        target[1](tensor.decode(), shape.contents.tuple())
