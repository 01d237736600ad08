# SPDX-License-Identifier: Apache-2.0
"""Inferences on arrays: what runs do around one enqueue."""

from __future__ import annotations

import contextlib
from typing import Mapping

import numpy as np

from .context import Context
from .errors import InvalidArgumentError, InvalidStateError
from .memory import DeviceMemory, Registration, empty_aligned


class Flight:
    """One inference on arrays: enqueued when made, with everything it uses kept alive."""

    def __init__(self, context: Context, inputs: Mapping[str, np.ndarray], batch_size: int | None, zero_copy: bool):
        self._context = context
        self._stream = context.own_stream()
        self._engine = context.engine
        self._lent: list[Registration] = []
        self._inputs = {}
        for binding in self._engine.inputs:
            if binding.name not in inputs:
                names = ", ".join(f"'{item.name}'" for item in self._engine.inputs)
                raise InvalidArgumentError(f"input '{binding.name}' is missing: got {sorted(inputs)}, expected {names}")
            self._inputs[binding.name] = _checked(binding, inputs[binding.name])
        for name in inputs:
            if name not in self._inputs:
                names = ", ".join(f"'{item.name}'" for item in self._engine.inputs)
                raise InvalidArgumentError(f"no such input: got '{name}', expected one of {names}")
        self._batch = self._set_shapes(batch_size)
        self.outputs = {
            binding.name: (empty_aligned if zero_copy else np.empty)(self._shape(binding.name), binding.dtype)
            for binding in self._engine.outputs
        }
        try:
            self._enqueue(zero_copy)
        except BaseException:
            with contextlib.suppress(Exception):
                self._stream.synchronize()
            self._give_back()
            raise

    def _set_shapes(self, batch_size: int | None) -> int | None:
        context = self._context
        if self._engine.max_batch_size is None:
            if batch_size is not None:
                raise InvalidArgumentError("batch_size: the engine's shapes hold the batch; expected none")
            for binding in self._engine.inputs:
                if binding.is_dynamic and context.shape(binding.name) != self._inputs[binding.name].shape:
                    context.set_shape(binding.name, self._inputs[binding.name].shape)
            missing = context.missing_shapes()
            if missing:
                raise InvalidStateError(f"shapes are not set for {missing}")
            return None
        batches = {array.shape[0] for array in self._inputs.values()}
        if batch_size is not None:
            batches.add(batch_size)
        if len(batches) != 1:
            raise InvalidArgumentError(f"inputs have different batches: got {sorted(batches)}, expected one")
        return batches.pop()

    def _shape(self, name: str) -> tuple[int, ...]:
        if self._batch is None:
            shape = self._context.shape(name)
        else:
            declared = self._engine.binding(name).shape
            shape = None if declared is None else (self._batch, *declared)
        if shape is None or -1 in shape:
            raise InvalidStateError(
                f"output '{name}': its size depends on the content of the inputs; use enqueue() with an output allocator"
            )
        return shape

    def _enqueue(self, zero_copy: bool) -> None:
        arrays = {**self._inputs, **self.outputs}
        bindings = []
        staged: dict[str, DeviceMemory] = {}
        for binding in self._engine.bindings:
            array = arrays[binding.name]
            memory: Registration | DeviceMemory | None = self._borrowed(array) if zero_copy else None
            if memory is None:
                memory = staged[binding.name] = self._staging(binding.name, array.nbytes)
            bindings.append(memory)
        for name in self._inputs:
            if name in staged and arrays[name].nbytes:
                self._stream._borrow(int(staged[name]), arrays[name].ctypes.data, arrays[name].nbytes)
        self._context.enqueue(self._stream, bindings, batch_size=self._batch)
        for name, array in self.outputs.items():
            if name in staged and array.nbytes:
                self._stream._borrow(array.ctypes.data, int(staged[name]), array.nbytes)

    def _staging(self, name: str, byte_count: int) -> DeviceMemory:
        memory = self._context._staging.get(name)
        if memory is None or memory.byte_count < byte_count:
            memory = DeviceMemory(max(1, byte_count), self._context.device)
            self._context._staging[name] = memory
        return memory

    def _borrowed(self, array: np.ndarray) -> Registration | None:
        """The array itself as memory of the device; None where its alignment does not allow that, or it is in use so."""
        if array.nbytes == 0 or not array.flags.aligned:
            return None
        try:
            registration = Registration(array, self._context.device)
        except InvalidArgumentError:
            return None
        self._lent.append(registration)
        return registration

    def _give_back(self) -> None:
        for registration in self._lent:
            registration.free()
        self._lent.clear()

    def wait(self) -> dict[str, np.ndarray]:
        """Blocks until the outputs are there."""
        try:
            self._stream.synchronize()
        except BaseException:
            self._stream.clear_error()
            raise
        finally:
            self._give_back()
        return self.outputs


def _checked(binding, array) -> np.ndarray:
    """The array as the engine reads it: contiguous, of the binding's type and a shape it accepts."""
    array = np.asarray(array)
    if array.dtype != binding.dtype:
        raise InvalidArgumentError(
            f"input '{binding.name}': got an array of {array.dtype}, expected {binding.dtype}; convert it with astype"
        )
    expected = binding.shape if not binding.is_batched else (-1, *binding.shape)
    if len(expected) != array.ndim or any(want not in (-1, have) for want, have in zip(expected, array.shape)):
        raise InvalidArgumentError(f"input '{binding.name}': got shape {array.shape}, expected {tuple(expected)}")
    return np.ascontiguousarray(array) if array.ndim else array
