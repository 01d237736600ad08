# SPDX-License-Identifier: Apache-2.0
"""What to build for: settings, profiles, timing caches."""

from alula import UnsupportedError

from ._enums import (
    BuilderFlag, DeviceType, EngineCapability, HardwareCompatibilityLevel, MemoryPoolType, ProfilingVerbosity,
    RuntimePlatform, TilingOptimizationLevel,
)
from ._logging import Reporter
from ._values import Dims, IHostMemory


class IOptimizationProfile:
    """Smallest, typical and largest shapes of the inputs that vary."""

    def __init__(self):
        self._shapes = {}
        self._values = {}
        self.extra_memory_target = 1.0

    def set_shape(self, input, min, opt, max):
        """Sets the range of an input's shape."""
        shapes = tuple(tuple(int(extent) for extent in shape) for shape in (min, opt, max))
        if len({len(shape) for shape in shapes}) != 1 or not all(
            low <= middle <= high for low, middle, high in zip(*shapes)
        ):
            raise ValueError(f"input '{input}': got min {min}, opt {opt}, max {max}, expected min ≤ opt ≤ max of one rank")
        self._shapes[input] = shapes

    def get_shape(self, input):
        """The range of an input's shape; empty where none was set."""
        return [Dims(shape) for shape in self._shapes.get(input, ())]

    def set_shape_input(self, input, min, opt, max):
        """Keeps values of a shape tensor; they are read when the engine runs, like all others."""
        self._values[input] = [list(values) for values in (min, opt, max)]
        return True

    def get_shape_input(self, input):
        return self._values.get(input, [])

    def __bool__(self):
        return True

    is_valid = True


class ITimingCache:
    """Times of tactics from earlier builds."""

    def __init__(self, data=b""):
        self._data = bytes(data)

    def serialize(self):
        return IHostMemory(self._data)

    def combine(self, input_cache, ignore_mismatch=False):
        """Takes over the other cache's times where this one has none at all."""
        if not self._data:
            self._data = input_cache._data
        return True

    def reset(self):
        self._data = b""
        return True


class IBuilderConfig(Reporter):
    """What to build for."""

    def __init__(self, builder):
        self._logger = builder._logger
        self._profiles = []
        self._pools = {MemoryPoolType.WORKSPACE: 1 << 34}
        self._timing_cache = None
        self._calibration_profile = None
        self._preview = {}
        self._tactic_sources = 0
        self.flags = 1 << int(BuilderFlag.TF32)
        self.quantization_flags = 0
        self.int8_calibrator = None
        self.progress_monitor = None
        self.algorithm_selector = None
        self.profile_stream = 0
        self.profiling_verbosity = ProfilingVerbosity.LAYER_NAMES_ONLY
        self.engine_capability = EngineCapability.STANDARD
        self.hardware_compatibility_level = HardwareCompatibilityLevel.NONE
        self.runtime_platform = RuntimePlatform.SAME_AS_BUILD
        self.tiling_optimization_level = TilingOptimizationLevel.NONE
        self.l2_limit_for_tiling = -1
        self.default_device_type = DeviceType.GPU
        self.DLA_core = -1
        self.builder_optimization_level = 3
        self.max_aux_streams = 0
        self.max_num_tactics = -1
        self.avg_timing_iterations = 1
        self.min_timing_iterations = 2
        self.plugins_to_serialize = []

    # Flags

    def set_flag(self, flag):
        self.flags |= 1 << int(flag)

    def clear_flag(self, flag):
        self.flags &= ~(1 << int(flag))

    def get_flag(self, flag):
        return bool(self.flags >> int(flag) & 1)

    def set_quantization_flag(self, flag):
        self.quantization_flags |= 1 << int(flag)

    def clear_quantization_flag(self, flag):
        self.quantization_flags &= ~(1 << int(flag))

    def get_quantization_flag(self, flag):
        return bool(self.quantization_flags >> int(flag) & 1)

    def set_preview_feature(self, feature, enable):
        self._preview[feature] = enable

    def get_preview_feature(self, feature):
        return self._preview.get(feature, False)

    # Memory, tactics, devices

    @property
    def max_workspace_size(self):
        return self._pools[MemoryPoolType.WORKSPACE]

    @max_workspace_size.setter
    def max_workspace_size(self, size):
        self._pools[MemoryPoolType.WORKSPACE] = int(size)

    def set_memory_pool_limit(self, pool, pool_size):
        self._pools[pool] = int(pool_size)

    def get_memory_pool_limit(self, pool):
        return self._pools.get(pool, 0)

    def set_tactic_sources(self, tactic_sources):
        self._tactic_sources = int(tactic_sources)
        return True

    def get_tactic_sources(self):
        return self._tactic_sources

    def set_device_type(self, layer, device_type):
        if device_type == DeviceType.DLA:
            self._report(UnsupportedError(f"layer '{layer.name}': there is no DLA; the CPU runs every layer"))

    def get_device_type(self, layer):
        return DeviceType.GPU

    def is_device_type_set(self, layer):
        return False

    def reset_device_type(self, layer):
        pass

    def can_run_on_DLA(self, layer):
        return False

    def reset(self):
        logger = self._logger
        self.__init__(type("", (), {"_logger": logger}))

    # Profiles and caches

    @property
    def num_optimization_profiles(self):
        return len(self._profiles)

    def add_optimization_profile(self, profile):
        """Adds a profile and returns its number."""
        if not isinstance(profile, IOptimizationProfile):
            raise TypeError(f"add_optimization_profile: got {type(profile).__name__}, expected an IOptimizationProfile")
        self._profiles.append(profile)
        return len(self._profiles) - 1

    def set_calibration_profile(self, profile):
        self._calibration_profile = profile
        return True

    def get_calibration_profile(self):
        return self._calibration_profile

    def create_timing_cache(self, serialized_timing_cache):
        return ITimingCache(serialized_timing_cache)

    def set_timing_cache(self, cache, ignore_mismatch=False):
        self._timing_cache = cache
        return True

    def get_timing_cache(self):
        return self._timing_cache
