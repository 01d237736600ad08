# SPDX-License-Identifier: Apache-2.0
"""Execution contexts, but for the execute calls: shapes, addresses, profiles, events, profiling."""

from alula import AlulaError, InvalidArgumentError, InvalidStateError, UnsupportedError
from alula._library import check, lib

from ._handles import handle_of, number_of
from ._logging import Reporter
from ._values import Dims

_synchronize = lib.alula_stream_synchronize


class ContextSettings(Reporter):
    """What is set on a context and asked of it."""

    def _failed(self, error, where):
        self._report(error, where)
        return False

    # Addresses and shapes by name

    def set_tensor_address(self, name, memory):
        try:
            address = number_of(memory, f"address of '{name}'", "an address or a device allocation")
            self._context.set_address(name, memory)
        except (AlulaError, TypeError, ValueError) as error:
            return self._failed(error, "set_tensor_address")
        self._addresses[name] = address
        return True

    set_input_tensor_address = set_tensor_address
    set_output_tensor_address = set_tensor_address

    def get_tensor_address(self, name):
        return self._addresses.get(name, 0)

    get_output_tensor_address = get_tensor_address

    def set_input_shape(self, name, shape):
        try:
            self._context.set_shape(name, shape)
        except (AlulaError, TypeError, ValueError) as error:
            return self._failed(error, "set_input_shape")
        return True

    def get_tensor_shape(self, name):
        try:
            shape = self._context.shape(name)
            return Dims(shape) if shape is not None else self._cuda_engine.get_tensor_shape(name)
        except AlulaError as error:
            self._report(error, "get_tensor_shape")
            return Dims()

    def get_tensor_strides(self, name):
        strides, step = [], 1
        for extent in reversed(list(self.get_tensor_shape(name))):
            strides.insert(0, step)
            step *= extent
        return Dims(strides)

    def infer_shapes(self):
        """The inputs whose shapes are still to be set."""
        return self._context.missing_shapes()

    @property
    def all_input_shapes_specified(self):
        return not self._context.missing_shapes()

    all_binding_shapes_specified = all_shape_inputs_specified = all_input_shapes_specified

    # Shapes by index

    def set_binding_shape(self, binding, shape):
        try:
            bound = self._cuda_engine._binding(binding)
            if not bound.is_input:
                raise InvalidArgumentError(f"set_binding_shape: got output '{bound.name}', expected an input")
            if self._is_implicit:
                raise InvalidStateError("set_binding_shape: shapes of engines with an implicit batch are fixed")
            self._context.set_shape(bound.name, shape)
        except (AlulaError, TypeError, ValueError) as error:
            return self._failed(error, "set_binding_shape")
        return True

    def get_binding_shape(self, binding):
        name = self._cuda_engine._binding(binding).name
        if self._is_implicit:
            return self._cuda_engine.get_tensor_shape(name)
        return self.get_tensor_shape(name)

    def get_strides(self, binding):
        return self.get_tensor_strides(self._cuda_engine._binding(binding).name)

    def set_shape_input(self, binding, shape):
        return self._failed(
            UnsupportedError("set_shape_input: shape tensors are ordinary inputs here: bind memory that holds the values"),
            "set_shape_input",
        )

    def get_shape(self, binding):
        return []

    # Profiles

    @property
    def active_optimization_profile(self):
        return self._context.profile

    @active_optimization_profile.setter
    def active_optimization_profile(self, index):
        try:
            self._context.profile = int(index)
        except AlulaError as error:
            self._failed(error, "active_optimization_profile")

    def set_optimization_profile_async(self, profile_index, stream_handle):
        """Chooses a profile. Nothing runs on the stream: later enqueues use it, whatever their stream."""
        try:
            self._context.profile = int(profile_index)
        except AlulaError as error:
            return self._failed(error, "set_optimization_profile_async")
        return True

    # Events

    def set_input_consumed_event(self, event):
        """Keeps an event that fires when inputs have been read; 0 or None for none."""
        try:
            handle = handle_of(event, "event")
            check(lib.alula_context_set_input_consumed(self._native, handle))
        except AlulaError as error:
            return self._failed(error, "set_input_consumed_event")
        self._input_consumed = handle
        return True

    def get_input_consumed_event(self):
        return self._input_consumed

    # Profiling

    @property
    def profiler(self):
        return self._profiler

    @profiler.setter
    def profiler(self, profiler):
        self._profiler = profiler
        times = self._times
        self._context.set_profiler(None if profiler is None else lambda layer, ms: times.append((layer, ms)))

    def _profile(self, stream_handle):
        self._last_stream = handle_of(stream_handle)
        if self.enqueue_emits_profile:
            _synchronize(self._last_stream)
            self._emit_times()

    def _emit_times(self):
        times, self._times[:] = list(self._times), []
        for layer, milliseconds in times:
            self._profiler.report_layer_time(layer, milliseconds)

    def report_to_profiler(self):
        """Tells the profiler the times of the last run, which has to be over."""
        if self._profiler is None:
            return False
        _synchronize(self._last_stream)
        self._emit_times()
        return True

    # Memory of the caller's

    @property
    def device_memory(self):
        return self._device_memory

    @device_memory.setter
    def device_memory(self, memory):
        # Taken note of: the context's own workspace serves.
        self._device_memory = int(memory)

    def set_device_memory(self, memory, size):
        self._device_memory = int(memory)

    def update_device_memory_size_for_shapes(self):
        return self._context.workspace_byte_count

    # No counterpart on a CPU, or always so

    def set_aux_streams(self, aux_streams):
        return None

    def set_debug_listener(self, listener):
        self._listener = listener
        return True

    def get_debug_listener(self):
        return getattr(self, "_listener", None)

    def set_tensor_debug_state(self, name, flag):
        return False

    def get_debug_state(self, name):
        return False

    def set_all_tensors_debug_state(self, flag):
        return True

    def set_unfused_tensors_debug_state(self, flag):
        return True

    def get_unfused_tensors_debug_state(self):
        return False
