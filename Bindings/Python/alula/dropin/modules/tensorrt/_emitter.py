# SPDX-License-Identifier: Apache-2.0
"""How layers become operators of a network of Alula's."""

import numpy as np

from alula import InvalidArgumentError, UnsupportedError


class Emitter:
    """Turns layers into operators of one network of Alula's."""

    def __init__(self, definition, network, values):
        self.definition = definition
        self.network = network
        self._values = values
        self.layer = None
        self._count = 0

    @property
    def batch_axes(self):
        """Axes in front of those that layers count: the batch, where it is implicit."""
        return 0 if self.definition._is_explicit else 1

    def value(self, tensor):
        """The value of a tensor."""
        if tensor is None:
            return None
        if tensor._network is not self.definition:
            raise InvalidArgumentError(f"tensor '{tensor.name}' belongs to another network")
        try:
            return self._values[tensor]
        except KeyError:
            raise InvalidArgumentError(f"tensor '{tensor.name}' is read before it is made") from None

    def input(self, index=0):
        """The value of an input of the layer under way."""
        value = self.value(self.layer.get_input(index))
        if value is None:
            raise InvalidArgumentError(f"layer '{self.layer.name}': input {index} is missing")
        return value

    def optional(self, index):
        """As :meth:`input`; None where there is none."""
        return self.value(self.layer.get_input(index))

    def rank(self, index=0):
        """Axes of an input, the batch included."""
        return self.rank_of(self.input(index))

    def rank_of(self, value):
        shape = self.network.value(value).shape
        if shape is None:
            raise UnsupportedError(f"layer '{self.layer.name}': the rank of an input depends on content")
        return len(shape)

    def shape(self, index=0):
        return self.network.value(self.input(index)).shape

    def dtype(self, index=0):
        return self.network.value(self.input(index)).dtype

    def add(self, operator, *inputs, outputs=1, **attributes):
        """Adds an operator of ONNX's."""
        name = self.layer.name if self._count == 0 else f"{self.layer.name}.{operator}.{self._count}"
        self._count += 1
        return self.network.add(operator, *inputs, name=name, outputs=outputs, **attributes)

    def constant(self, array, dtype=None):
        return self.network.add_constant(np.asarray(array, dtype=dtype), f"{self.layer.name}.constant")

    def axes(self, mask):
        """The axes in a bit mask, batch included."""
        return [axis + self.batch_axes for axis in range(16) if int(mask) >> axis & 1]

    def axis(self, axis):
        """An axis, batch included; negative ones count from the end."""
        return axis + self.batch_axes if axis >= 0 else axis

    def emit(self, layer):
        """Emits a layer and notes the values of its outputs."""
        self.layer, self._count = layer, 0
        outputs = layer._emit(self)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        for tensor, value in zip(layer._outputs, outputs):
            self._values[tensor] = value
