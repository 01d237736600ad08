# SPDX-License-Identifier: Apache-2.0
"""Other weights for an engine that this process built."""

import numpy as np

import alula
from alula import AlulaError, InvalidArgumentError, InvalidStateError

from ._enums import TensorLocation, WeightsRole
from ._logging import Reporter, checked_logger
from ._values import Weights, to_array


class Refitter(Reporter):
    """Gives an engine other weights, by building it again from its network.

    A plan keeps packed weights and no network, so an engine can be refitted in the process that built it only.
    """

    def __init__(self, engine, logger):
        self._engine = engine
        self._logger = checked_logger(logger)
        self.error_recorder = None
        self.weights_validation = True
        self.max_threads = 1
        self._weights = {}
        if engine._source is None:
            self._report(
                InvalidStateError(
                    f"Refitter: engine '{engine.name}' was built without BuilderFlag.REFIT, or loaded from a file; expected "
                    "one that this process built with it"
                )
            )

    @property
    def logger(self):
        return self._logger

    def _constants(self):
        """The values of constants by name, of those that something reads."""
        if self._engine._source is None:
            return {}
        network = self._engine._source[0]
        found = {}
        for node in network:
            for value in node.inputs:
                if value is not None and network.value(value).is_constant:
                    found[network.value(value).name] = value
        return found

    def get_all_weights(self):
        return list(self._constants())

    def get_missing_weights(self):
        return []

    def get_all(self):
        names = self.get_all_weights()
        return names, [WeightsRole.CONSTANT] * len(names)

    def get_missing(self):
        return [], []

    def set_named_weights(self, name, weights, location=TensorLocation.HOST):
        network = self._engine._source[0] if self._engine._source is not None else None
        value = self._constants().get(name)
        array = to_array(weights)
        try:
            if value is None:
                raise InvalidArgumentError(f"set_named_weights: got '{name}', expected one of get_all_weights()")
            known = network.value(value)
            if array is None or array.size != np.prod(known.shape) or array.dtype != known.dtype:
                raise InvalidArgumentError(
                    f"set_named_weights '{name}': got {'none' if array is None else f'{array.size} × {array.dtype}'}, "
                    f"expected {int(np.prod(known.shape))} × {known.dtype}"
                )
        except AlulaError as error:
            self._report(error)
            return False
        self._weights[name] = np.array(array).reshape(known.shape)
        return True

    def set_weights(self, layer_name, role, weights):
        return self.set_named_weights(layer_name, weights)

    def get_named_weights(self, name):
        return self._weights.get(name)

    def unset_named_weights(self, name):
        return self._weights.pop(name, None) is not None

    def get_weights_prototype(self, name):
        network, value = self._engine._source[0], self._constants()[name]
        return Weights(np.empty(network.value(value).shape, network.value(value).dtype))

    def refit_cuda_engine(self):
        """Builds the engine again; its contexts go on with the new weights."""
        if self._engine._source is None:
            return False
        network, settings = self._engine._source
        try:
            changed = network.copy()
            replacements = {
                value: changed.add_constant(self._weights[name], f"{name}.refitted")
                for name, value in self._constants().items()
                if name in self._weights
            }
            for position in range(len(changed)):
                for index, value in enumerate(changed[position].inputs):
                    if value in replacements:
                        changed.set_input(position, index, replacements[value])
            self._engine._replace(alula.Engine(alula.Builder(**settings).build(changed)))
        except AlulaError as error:
            self._report(error, "refit_cuda_engine")
            return False
        return True

    def refit_cuda_engine_async(self, stream_handle):
        return self.refit_cuda_engine()

    def get_dynamic_range(self, tensor_name):
        return (0.0, 0.0)

    def set_dynamic_range(self, tensor_name, range):
        return False

    def get_tensors_with_dynamic_range(self):
        return []
