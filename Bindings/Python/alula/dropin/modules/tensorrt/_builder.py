# SPDX-License-Identifier: Apache-2.0
"""The builder: from networks and settings to plans."""

import alula
from alula import AlulaError, InvalidArgumentError, UnsupportedError

from ._config import IBuilderConfig, IOptimizationProfile, ITimingCache
from ._definition import INetworkDefinition
from ._enums import BuilderFlag, DataType, DeviceType, LayerType, Severity
from ._logging import Reporter, checked_logger
from ._plugins import get_plugin_registry
from ._runtime import Runtime
from ._values import IHostMemory


class Builder(Reporter):
    """Makes networks, settings and plans."""

    def __init__(self, logger):
        self._logger = checked_logger(logger)
        self.error_recorder = None
        self.gpu_allocator = None
        self.max_batch_size = 1
        self.max_threads = 1
        self._legacy = {}

    @property
    def logger(self):
        return self._logger

    platform_has_tf32 = False
    platform_has_fast_fp16 = False
    platform_has_fast_int8 = False
    max_DLA_batch_size = 0
    num_DLA_cores = 0

    def create_network(self, flags=0):
        return INetworkDefinition(self, flags)

    def create_builder_config(self):
        return IBuilderConfig(self)

    def create_optimization_profile(self):
        return IOptimizationProfile()

    def get_plugin_registry(self):
        return get_plugin_registry()

    def is_network_supported(self, network, config):
        """Whether the network can be built, as far as its shapes tell."""
        try:
            network._finish()
            return self._refusal(network, config) is None
        except AlulaError as error:
            self._report(error, "network")
            return False

    def reset(self):
        self.max_batch_size = 1

    # Version 7 kept settings on the builder itself.

    @property
    def max_workspace_size(self):
        return self._legacy.get("max_workspace_size", 0)

    @max_workspace_size.setter
    def max_workspace_size(self, size):
        self._legacy["max_workspace_size"] = size

    def _legacy_flag(name, flag):  # noqa: N805  makes properties
        def get(self):
            return self._legacy.get(flag, False)

        def set(self, value):
            self._legacy[flag] = value

        return property(get, set)

    fp16_mode = _legacy_flag("fp16_mode", "FP16")
    int8_mode = _legacy_flag("int8_mode", "INT8")
    strict_type_constraints = _legacy_flag("strict_type_constraints", "STRICT_TYPES")
    del _legacy_flag

    def build_cuda_engine(self, network):
        """Builds with the settings kept on the builder, as version 7 did."""
        config = self.create_builder_config()
        for flag in ("FP16", "INT8"):
            if self._legacy.get(flag):
                config.set_flag(getattr(BuilderFlag, flag))
        return self.build_engine_with_config(network, config)

    def build_engine_with_config(self, network, config):
        """Builds an engine; None when it fails, which is logged."""
        plan = self.build_serialized_network(network, config)
        return None if plan is None else Runtime(self._logger).deserialize_cuda_engine(plan)

    build_engine = build_engine_with_config

    def build_serialized_network(self, network, config):
        """Builds a plan; None when it fails, which is logged."""
        try:
            refusal = self._refusal(network, config)
            if refusal is not None:
                raise refusal
            finished = network._finish()
            plan = self._build(finished, network, config)
        except AlulaError as error:
            self._report(error, "build")
            return None
        data = IHostMemory(plan.to_bytes())
        if config.get_flag(BuilderFlag.REFIT):
            data._source = (finished, self._settings(network, config))
        return data

    def _settings(self, network, config):
        """The settings of Alula's builder."""
        if not network._is_explicit:
            shapes = {"max_batch_size": max(1, int(self.max_batch_size))}
        else:
            names = {tensor.name for tensor in network._inputs}
            shapes = {
                "profiles": [
                    {name: ranges for name, ranges in profile._shapes.items() if name in names}
                    for profile in config._profiles
                ]
            }
        cache = config._timing_cache._data if config._timing_cache is not None else b""
        # Without contests a build takes no time; the lowest level asks for that. TF32 permits results that differ in
        # their last bits for speed; who takes the permission back gets no kernel of that kind.
        return {
            **shapes, "timing_cache": cache, "timing": config.builder_optimization_level > 0,
            "strict": not config.get_flag(BuilderFlag.TF32),
        }

    def _build(self, finished, network, config):
        monitor = config.progress_monitor
        name, is_started = "Building engine", False

        def progress(phase, completed, total):
            nonlocal is_started
            self._log(Severity.VERBOSE, f"build: {phase} ({completed} of {total})")
            if monitor is None:
                return True
            if not is_started:
                is_started = True
                monitor.phase_start(name, None, total)
            return monitor.step_complete(name, completed) is not False

        builder = alula.Builder(**self._settings(network, config), progress=progress)
        try:
            plan = builder.build(finished)
        finally:
            if is_started:
                monitor.phase_finish(name)
        if not config.get_flag(BuilderFlag.DISABLE_TIMING_CACHE):
            if config._timing_cache is None:
                config._timing_cache = ITimingCache()
            config._timing_cache._data = builder.timing_cache
        for line in builder.report.splitlines():
            self._log(Severity.VERBOSE, line)
        return plan

    def _refusal(self, network, config):
        """Why the build cannot mean what the settings ask for; None when it can. Permissions that are not used are
        logged."""
        if config.get_flag(BuilderFlag.INT8):
            kinds = {layer._type for layer in network._layers}
            if not kinds & {LayerType.QUANTIZE, LayerType.DEQUANTIZE}:
                return UnsupportedError(
                    "INT8 with a calibrator or dynamic ranges is not supported yet: got a network without Q/DQ layers, "
                    "expected one with them; quantize the ONNX model, or clear BuilderFlag.INT8"
                )
        if config.int8_calibrator is not None and not config.get_flag(BuilderFlag.INT8):
            self._log(Severity.WARNING, "int8_calibrator is set without BuilderFlag.INT8 and has no effect")
        if config.default_device_type == DeviceType.DLA:
            return UnsupportedError("default_device_type: got DLA, expected GPU, which here means the CPU")
        obeyed = config.get_flag(BuilderFlag.OBEY_PRECISION_CONSTRAINTS)
        for layer in network._layers:
            if obeyed and layer._precision not in (None, DataType.FLOAT, DataType.INT32, DataType.BOOL):
                return UnsupportedError(
                    f"layer '{layer.name}': precision {layer._precision.name} with OBEY_PRECISION_CONSTRAINTS; layers run in "
                    "FLOAT"
                )
        for flag in ("FP16", "BF16", "FP8"):
            if hasattr(BuilderFlag, flag) and config.get_flag(getattr(BuilderFlag, flag)):
                self._log(Severity.WARNING, f"BuilderFlag.{flag} permits less precision; every layer runs in FLOAT")
        if any(profile._shapes and not network._is_explicit for profile in config._profiles):
            return InvalidArgumentError("optimization profiles need a network with an explicit batch")
        return None
