# SPDX-License-Identifier: Apache-2.0
"""Engines: loaded plans."""

import weakref

from alula import AlulaError, InvalidArgumentError

from ._context import IExecutionContext
from ._enums import (
    _FROM_NUMPY, DataType, EngineCapability, ExecutionContextAllocationStrategy, HardwareCompatibilityLevel,
    ProfilingVerbosity, TensorFormat, TensorIOMode, TensorLocation,
)
from ._inspector import EngineInspector
from ._logging import Reporter
from ._values import Dims, IHostMemory


class ICudaEngine(Reporter):
    """A loaded plan."""

    def __init__(self, engine, logger, source=None):
        self._engine = engine
        self._logger = logger
        self._source = source
        self.error_recorder = None
        self._contexts = weakref.WeakSet()
        self._names = [binding.name for binding in engine.bindings]
        self._count = len(self._names)

    # Facts

    @property
    def name(self):
        return self._engine.name

    @property
    def num_layers(self):
        """Layers of all profiles, as TensorRT counts them; here every profile has the same."""
        return self._engine.layer_count * self.num_optimization_profiles

    @property
    def max_batch_size(self):
        return self._engine.max_batch_size or 1

    @property
    def has_implicit_batch_dimension(self):
        return self._engine.max_batch_size is not None

    @property
    def num_optimization_profiles(self):
        return self._engine.profile_count

    @property
    def device_memory_size(self):
        return max(self.get_device_memory_size_for_profile(index) for index in range(self.num_optimization_profiles))

    @property
    def device_memory_size_v2(self):
        return self.device_memory_size

    def get_device_memory_size_for_profile(self, profile_index):
        return self._engine.workspace_byte_count(profile_index)

    get_device_memory_size_for_profile_v2 = get_device_memory_size_for_profile

    @property
    def refittable(self):
        return self._source is not None

    engine_capability = EngineCapability.STANDARD
    profiling_verbosity = ProfilingVerbosity.DETAILED
    hardware_compatibility_level = HardwareCompatibilityLevel.NONE
    tactic_sources = 0
    num_aux_streams = 0
    streamable_weights_size = 0
    weight_streaming_budget = 0
    weight_streaming_budget_v2 = 0
    weight_streaming_scratch_memory_size = 0

    def get_weight_streaming_automatic_budget(self):
        return 0

    # Bindings by index

    @property
    def num_bindings(self):
        return self._count * self.num_optimization_profiles

    def __len__(self):
        return self.num_bindings

    def __bool__(self):
        return True

    def __iter__(self):
        return (self[index] for index in range(len(self)))

    def __getitem__(self, key):
        if isinstance(key, str):
            return self.get_binding_index(key)
        count = len(self)
        if not -count <= key < count:
            raise IndexError(f"binding {key} of {count}")
        return self.get_binding_name(key % count)

    def _binding(self, key):
        """The binding of an index or a name; the names of later profiles carry the profile."""
        if isinstance(key, str):
            return self._engine.binding(key.split(" [profile ")[0])
        count = self._count * self.num_optimization_profiles
        if not 0 <= key < count:
            raise InvalidArgumentError(f"no such binding: got {key}, expected 0..<{count}")
        return self._engine.bindings[key % self._count]

    def get_binding_name(self, index):
        name = self._binding(index).name
        profile = index // self._count
        return name if profile == 0 else f"{name} [profile {profile}]"

    def get_binding_index(self, name):
        plain, _, rest = name.partition(" [profile ")
        if plain not in self._names:
            return -1
        profile = int(rest.rstrip("]")) if rest else 0
        return self._names.index(plain) + profile * self._count

    def binding_is_input(self, key):
        return self._binding(key).is_input

    def get_binding_shape(self, key):
        return Dims(self._binding(key).shape or ())

    def get_binding_dtype(self, key):
        return _FROM_NUMPY.get(self._binding(key).dtype, DataType.FLOAT)

    def get_location(self, key):
        return TensorLocation.DEVICE

    def is_execution_binding(self, binding):
        return True

    def is_shape_binding(self, binding):
        return False

    def get_binding_bytes_per_component(self, index):
        return self._binding(index).dtype.itemsize

    def get_binding_components_per_element(self, index):
        return 1

    def get_binding_format(self, index):
        return TensorFormat.LINEAR

    def get_binding_format_desc(self, index):
        return f"Row major linear {self._binding(index).dtype.name} format"

    def get_binding_vectorized_dim(self, index):
        return -1

    def get_profile_shape(self, profile_index, binding):
        """Smallest, typical and largest shape of an input."""
        return self._profile_shape(profile_index, self._binding(binding))

    def _profile_shape(self, profile_index, binding):
        shapes = self._engine.profile_shapes(binding.name, profile_index)
        return [Dims(shape) for shape in shapes or (binding.shape,) * 3]

    def get_profile_shape_input(self, profile_index, binding):
        return []

    # Tensors by name

    @property
    def num_io_tensors(self):
        return self._count

    def get_tensor_name(self, index):
        if not 0 <= index < self._count:
            raise IndexError(f"tensor {index} of {self._count}")
        return self._names[index]

    def _tensor(self, name, default, read):
        """What ``read`` says of a tensor; the default for names that are not known, which is logged."""
        try:
            return read(self._engine.binding(name))
        except AlulaError as error:
            self._report(error, "engine")
            return default

    def get_tensor_shape(self, name):
        # An explicit engine's shapes are whole; an implicit one's leave out the batch, and so does TensorRT's.
        return self._tensor(name, Dims(), lambda binding: Dims(binding.shape or ()))

    def get_tensor_dtype(self, name):
        return self._tensor(name, DataType.FLOAT, lambda binding: _FROM_NUMPY.get(binding.dtype, DataType.FLOAT))

    def get_tensor_mode(self, name):
        return self._tensor(
            name, TensorIOMode.NONE, lambda binding: TensorIOMode.INPUT if binding.is_input else TensorIOMode.OUTPUT
        )

    def get_tensor_location(self, name):
        return TensorLocation.DEVICE

    def get_tensor_format(self, name, profile_index=0):
        return TensorFormat.LINEAR

    def get_tensor_format_desc(self, name, profile_index=0):
        return "Row major linear format"

    def get_tensor_bytes_per_component(self, name, profile_index=0):
        return self._tensor(name, 0, lambda binding: binding.dtype.itemsize)

    def get_tensor_components_per_element(self, name, profile_index=0):
        return 1

    def get_tensor_vectorized_dim(self, name, profile_index=0):
        return -1

    def get_tensor_profile_shape(self, name, profile_index):
        return self._profile_shape(profile_index, self._engine.binding(name))

    def get_tensor_profile_values(self, profile_index, name):
        return []

    def is_shape_inference_io(self, name):
        return False

    def is_debug_tensor(self, name):
        return False

    def get_aliased_input_tensor(self, name):
        return None

    # Objects

    def serialize(self):
        data = IHostMemory(self._engine.to_bytes())
        data._source = self._source
        return data

    def create_serialization_config(self):
        return ISerializationConfig()

    def serialize_with_config(self, config):
        return self.serialize()

    def create_execution_context(self, strategy=ExecutionContextAllocationStrategy.STATIC):
        """Makes a context; None when its memory is refused, which is logged."""
        try:
            context = IExecutionContext(self, self._logger)
        except AlulaError as error:
            self._report(error, "create_execution_context")
            return None
        self._contexts.add(context)
        return context

    # The context brings its own memory: what the caller sets is taken note of.
    def create_execution_context_without_device_memory(self):
        return self.create_execution_context(ExecutionContextAllocationStrategy.USER_MANAGED)

    def create_engine_inspector(self):
        return EngineInspector(self)

    def _replace(self, engine):
        """Puts another engine, with the same bindings, in place of the one there is."""
        self._engine = engine
        for context in list(self._contexts):
            context._rebind()


class ISerializationConfig:
    """Settings of serialisation; plans hold weights and steps whatever they say."""

    flags = 0

    def set_flag(self, flag):
        self.flags |= 1 << int(flag)
        return True

    def clear_flag(self, flag):
        self.flags &= ~(1 << int(flag))
        return True

    def get_flag(self, flag):
        return bool(self.flags >> int(flag) & 1)
