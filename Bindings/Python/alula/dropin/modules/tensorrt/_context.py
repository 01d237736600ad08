# SPDX-License-Identifier: Apache-2.0
"""Execution contexts: the execute calls. Enqueueing is one foreign call; everything else is for failures."""

import ctypes
from ctypes import c_uint64

from alula import AlulaError, InvalidArgumentError, InvalidStateError
from alula._library import check, last_error, lib
from alula.context import Context

from ._context_settings import ContextSettings
from ._enums import ProfilingVerbosity, Severity
from ._handles import handle_of, number_of
from ._logging import remarks_go_to
from ._values import Dims

_enqueue = lib.alula_context_enqueue
_enqueue_batch = lib.alula_context_enqueue_batch
_enqueue_named = lib.alula_context_enqueue_named
_synchronize = lib.alula_stream_synchronize


class IExecutionContext(ContextSettings):
    """The state of one flow of inferences."""

    def __init__(self, engine, logger):
        self._cuda_engine = engine
        self._logger = logger
        self._context = Context(engine._engine)
        self._native = self._context._handle
        self._count = engine._count
        self._is_implicit = engine._engine.max_batch_size is not None
        self._allocators = {}
        self._addresses = {}
        self._profiler = None
        self._times = []
        self._input_consumed = 0
        self._warned = False
        self.error_recorder = None
        self.enqueue_emits_profile = True
        self.debug_sync = False
        self.name = ""
        self.nvtx_verbosity = ProfilingVerbosity.LAYER_NAMES_ONLY
        self.persistent_cache_limit = 0
        self.temporary_allocator = None
        self._device_memory = 0
        self._last_stream = 0

    @property
    def engine(self):
        return self._cuda_engine

    def __bool__(self):
        return True

    def _rebind(self):
        """Goes on with the engine's new weights."""
        old = self._context
        profile, shapes = old.profile, {}
        for binding in self._cuda_engine._engine.inputs:
            shapes[binding.name] = old.shape(binding.name)
        self._context = Context(self._cuda_engine._engine)
        self._native = self._context._handle
        if profile:
            self._context.profile = profile
        for binding in self._cuda_engine._engine.inputs:
            if binding.is_dynamic and shapes[binding.name] is not None:
                self._context.set_shape(binding.name, shapes[binding.name])
        for name, address in self._addresses.items():
            self._context.set_address(name, address)
        check(lib.alula_context_set_input_consumed(self._native, self._input_consumed))
        self.profiler = self._profiler

    # The execute calls. Enqueueing is one foreign call; everything else is for failures.

    def execute_async_v2(self, bindings, stream_handle, input_consumed=None):
        """Enqueues one inference, addresses by binding index; True when it is enqueued."""
        try:
            count = len(bindings)
            if count != self._count:
                bindings = self._of_profile(bindings)
                count = self._count
            status = _enqueue(
                self._native, (c_uint64 * count)(*bindings), count, stream_handle,
                0 if input_consumed is None else handle_of(input_consumed, "event"),
            )
        except (TypeError, ValueError, ctypes.ArgumentError, AlulaError):
            return self._retry(bindings, stream_handle, input_consumed, None, "execute_async_v2")
        if status:
            return self._failed(last_error(status), "execute_async_v2")
        if self._profiler is not None:
            self._profile(stream_handle)
        return True

    def execute_async(self, batch_size=1, bindings=(), stream_handle=0, input_consumed=None):
        """Enqueues one inference with a batch; True when it is enqueued."""
        if not self._is_implicit:
            return self._explicit_with_batch(batch_size, bindings, stream_handle, input_consumed)
        try:
            count = len(bindings)
            status = _enqueue_batch(
                self._native, batch_size, (c_uint64 * count)(*bindings), count, stream_handle,
                0 if input_consumed is None else handle_of(input_consumed, "event"),
            )
        except (TypeError, ValueError, ctypes.ArgumentError, AlulaError):
            return self._retry(bindings, stream_handle, input_consumed, batch_size, "execute_async")
        if status:
            return self._failed(last_error(status), "execute_async")
        if self._profiler is not None:
            self._profile(stream_handle)
        return True

    def execute_async_v3(self, stream_handle):
        """Enqueues one inference, addresses by name; True when it is enqueued."""
        if self._allocators:
            return self._enqueue_with_allocators(stream_handle)
        try:
            status = _enqueue_named(self._native, stream_handle)
        except (TypeError, ctypes.ArgumentError):
            try:
                status = _enqueue_named(self._native, handle_of(stream_handle))
            except AlulaError as error:
                return self._failed(error, "execute_async_v3")
        if status:
            return self._failed(last_error(status), "execute_async_v3")
        if self._profiler is not None:
            self._profile(stream_handle)
        return True

    def execute_v2(self, bindings):
        """Runs one inference and waits; True when it is done."""
        return self._execute(0, bindings, "execute_v2")

    def execute(self, batch_size=1, bindings=()):
        """Runs one inference with a batch and waits; True when it is done."""
        if not self._is_implicit:
            try:
                self._check_batch(batch_size)
            except AlulaError as error:
                return self._failed(error, "execute")
            batch_size = 0
        return self._execute(batch_size, bindings, "execute")

    def _execute(self, batch_size, bindings, where):
        try:
            addresses = self._addresses_of(bindings)
            check(
                lib.alula_context_execute(
                    self._native, batch_size, (c_uint64 * len(addresses))(*addresses), len(addresses)
                )
            )
        except (TypeError, ValueError, AlulaError) as error:
            return self._failed(error, where)
        if self._profiler is not None:
            self._emit_times()
        return True

    def _of_profile(self, bindings):
        """The bindings of the profile in use, of those of all profiles."""
        bindings = list(bindings)
        profiles = self._cuda_engine.num_optimization_profiles
        if len(bindings) == self._count * profiles and profiles > 1:
            start = self.active_optimization_profile * self._count
            return bindings[start : start + self._count]
        if len(bindings) != self._count:
            raise InvalidArgumentError(f"bindings: got {len(bindings)} addresses, expected {self._count * profiles}")
        return bindings

    def _addresses_of(self, bindings):
        return [
            number_of(binding, f"binding {index}", "an address or a device allocation")
            for index, binding in enumerate(self._of_profile(bindings))
        ]

    def _retry(self, bindings, stream, input_consumed, batch_size, where):
        """The slow path of an enqueue: objects instead of numbers, or an error that is named."""
        try:
            addresses = self._addresses_of(bindings)
            array = (c_uint64 * len(addresses))(*addresses)
            event = handle_of(input_consumed, "event")
            handle = handle_of(stream)
            if batch_size is None:
                check(_enqueue(self._native, array, len(addresses), handle, event))
            else:
                if isinstance(batch_size, bool) or not hasattr(batch_size, "__index__"):
                    raise InvalidArgumentError(f"batch_size: got {batch_size!r}, expected an integer")
                check(_enqueue_batch(self._native, int(batch_size), array, len(addresses), handle, event))
        except (AlulaError, TypeError, ctypes.ArgumentError) as failure:
            return self._failed(failure, where)
        if self._profiler is not None:
            self._profile(handle)
        return True

    def _check_batch(self, batch_size):
        if batch_size != 1:
            raise InvalidArgumentError(
                f"batch is out of range in context of engine '{self._cuda_engine.name}': got {batch_size}, expected 1, the "
                "engine's maximum: its batch is explicit, part of its shapes; use execute_async_v2"
            )

    def _explicit_with_batch(self, batch_size, bindings, stream_handle, input_consumed):
        """The call for implicit batches on an explicit engine: allowed for 1, where it has no effect."""
        try:
            self._check_batch(batch_size)
        except AlulaError as error:
            return self._failed(error, "execute_async")
        if not self._warned:
            self._warned = True
            self._log(
                Severity.WARNING,
                "execute_async on an engine with an explicit batch: the batch size has no effect; use execute_async_v2",
            )
        with remarks_go_to(self._logger):
            return self.execute_async_v2(bindings, stream_handle, input_consumed)

    # Output allocators

    def _enqueue_with_allocators(self, stream_handle):
        """TensorRT asks allocators and tells shapes before the call returns. So do we: at once where the shapes follow
        from the inputs, else by waiting for the run."""
        where = "execute_async_v3"
        try:
            handle = handle_of(stream_handle)
            must_wait = False
            for name, allocator in self._allocators.items():
                shape = self._context.shape(name)
                if shape is None or -1 in shape:
                    must_wait = True
                    self._context.set_output_allocator(name, *self._callbacks(name, allocator, handle))
                    continue
                binding = self._cuda_engine._engine.binding(name)
                byte_count = binding.dtype.itemsize
                for extent in shape:
                    byte_count *= extent
                current = self._addresses.get(name, 0)
                address = self._reallocate(allocator, name, current, max(1, byte_count), handle)
                if not address:
                    raise InvalidStateError(f"output '{name}': its allocator gave no memory for {byte_count} bytes")
                self._context.set_address(name, address)
                allocator.notify_shape(name, Dims(shape))
            check(_enqueue_named(self._native, handle))
            if must_wait:
                check(_synchronize(handle))
        except AlulaError as error:
            return self._failed(error, where)
        if self._profiler is not None:
            self._profile(handle)
        return True

    @staticmethod
    def _reallocate(allocator, name, current, byte_count, handle):
        if hasattr(allocator, "reallocate_output_async"):
            return allocator.reallocate_output_async(name, current, byte_count, 256, handle)
        return allocator.reallocate_output(name, current, byte_count, 256)

    def _callbacks(self, name, allocator, handle):
        current = self._addresses.get(name, 0)
        return (
            lambda tensor, byte_count: self._reallocate(allocator, tensor, current, byte_count, handle),
            lambda tensor, shape: allocator.notify_shape(tensor, Dims(shape)),
        )

    def set_output_allocator(self, name, output_allocator):
        try:
            if self._cuda_engine._engine.binding(name).is_input:
                raise InvalidArgumentError(f"set_output_allocator: got input '{name}', expected an output")
            if output_allocator is None:
                self._allocators.pop(name, None)
                self._context.set_output_allocator(name, None)
            else:
                self._allocators[name] = output_allocator
        except AlulaError as error:
            return self._failed(error, "set_output_allocator")
        return True

    def get_output_allocator(self, name):
        return self._allocators.get(name)

    def get_max_output_size(self, name):
        """The most bytes an output can need for the present shapes; -1 where only a run tells."""
        shape = self._context.shape(name)
        if shape is None:
            return -1
        size = self._cuda_engine._engine.binding(name).dtype.itemsize
        for extent in shape:
            size *= extent
        return size
