# SPDX-License-Identifier: Apache-2.0
"""Tensors and layers in general."""

from ._enums import DataType, LayerType, TensorFormat, TensorLocation
from ._values import Dims


class Setting:
    """An attribute of a layer that is written into the network when it is emitted; a default may depend on the layer."""

    def __init__(self, default=None, convert=None):
        self._default = default
        self._convert = convert

    def __set_name__(self, owner, name):
        self._name = name

    def __get__(self, layer, owner=None):
        if layer is None:
            return self
        value = layer._settings.get(self._name, self._default)
        return value(layer) if callable(value) else value

    def __set__(self, layer, value):
        if layer._is_parsed:
            raise AttributeError(
                f"layer '{layer.name}' was read from a model: its {self._name} cannot be changed; edit the model instead"
            )
        layer._settings[self._name] = value if self._convert is None or value is None else self._convert(value)
        layer._network._changed(layer)


class ITensor:
    """A tensor of a network."""

    def __init__(self, network, layer=None, index=0, name=""):
        self._network = network
        self._layer = layer
        self._index = index
        self._name = name
        self._shape = None  # declared; inputs only
        self._dtype = None  # declared for inputs, asked for outputs
        self._dimension_names = {}
        self.location = TensorLocation.DEVICE
        self.broadcast_across_batch = False
        self.allowed_formats = 1 << int(TensorFormat.LINEAR)
        self.dynamic_range = None

    @property
    def name(self):
        return self._name

    @name.setter
    def name(self, name):
        self._name = str(name)
        self._network._renamed()

    @property
    def shape(self):
        if self._layer is None and self._shape is not None:
            return Dims(self._shape)
        return self._network._shape_of(self)

    @shape.setter
    def shape(self, shape):
        if not self.is_network_input:
            raise AttributeError(f"tensor '{self.name}': only shapes of network inputs can be set")
        self._shape = tuple(int(extent) for extent in shape)
        self._network._changed(None)

    @property
    def dtype(self):
        return self._dtype if self._dtype is not None else self._network._dtype_of(self)

    @dtype.setter
    def dtype(self, dtype):
        self._network._set_dtype(self, dtype)

    @property
    def is_network_input(self):
        return any(self is tensor for tensor in self._network._inputs)

    @property
    def is_network_output(self):
        return any(self is tensor for tensor in self._network._outputs)

    # Every tensor of Alula's is an ordinary one: shapes are computed like everything else.
    is_shape_tensor = False
    is_execution_tensor = True

    def set_dynamic_range(self, min, max):
        self.dynamic_range = (min, max)
        return True

    def reset_dynamic_range(self):
        self.dynamic_range = None

    def get_dimension_name(self, index):
        return self._dimension_names.get(index, "")

    def set_dimension_name(self, index, name):
        self._dimension_names[index] = name


class ILayer:
    """A layer of a network."""

    _type = LayerType.IDENTITY
    _is_parsed = False
    _position = None

    def __init__(self, network=None, inputs=(), outputs=1):
        self._network = network
        self._type = type(self)._type
        self._settings = {}
        self._inputs = list(inputs)
        self._name = ""
        self._precision = None
        self._output_types = {}
        self._outputs = [ITensor(network, self, index) for index in range(outputs)]
        self.metadata = ""

    def _named(self, number):
        self._name = f"(Unnamed Layer* {number}) [{type(self)._title()}]"
        for index, tensor in enumerate(self._outputs):
            tensor._name = f"{self._name}_output" if index == 0 else f"{self._name}_output_{index}"
        return self

    def _view(self):
        """The same layer as a plain one: what a network's list of layers gives, whose ``type`` is a LayerType.

        Scripts give it the class they want: ``layer.__class__ = trt.IConvolutionLayer``.
        """
        view = ILayer.__new__(ILayer)
        view.__dict__ = self.__dict__
        return view

    def __dir__(self):
        return [name for name in super().__dir__() if not name.startswith("_") or name.startswith("__")]

    def __eq__(self, other):
        return isinstance(other, ILayer) and self.__dict__ is other.__dict__

    def __hash__(self):
        return id(self.__dict__)

    @classmethod
    def _title(cls):
        return cls.__name__[1:].removesuffix("Layer")

    def _emit(self, emitter):
        """The values of the outputs."""
        raise NotImplementedError

    @property
    def name(self):
        return self._name

    @name.setter
    def name(self, name):
        self._name = str(name)
        self._network._changed(self)

    @property
    def type(self):
        return self._type

    @property
    def num_inputs(self):
        return len(self._inputs)

    @property
    def num_outputs(self):
        return len(self._outputs)

    def get_input(self, index):
        return self._inputs[index] if 0 <= index < len(self._inputs) else None

    def get_output(self, index):
        return self._outputs[index] if 0 <= index < len(self._outputs) else None

    def set_input(self, index, tensor):
        if self._is_parsed:
            self._network._rewire(self, index, tensor)
        if index >= len(self._inputs):
            self._inputs += [None] * (index + 1 - len(self._inputs))
        self._inputs[index] = tensor
        self._network._changed(self)

    @property
    def precision(self):
        return self._precision if self._precision is not None else DataType.FLOAT

    @precision.setter
    def precision(self, dtype):
        self._precision = dtype

    @property
    def precision_is_set(self):
        return self._precision is not None

    def reset_precision(self):
        self._precision = None

    def set_output_type(self, index, dtype):
        self._output_types[index] = dtype

    def get_output_type(self, index):
        return self._output_types.get(index, self._outputs[index].dtype)

    def output_type_is_set(self, index):
        return index in self._output_types

    def reset_output_type(self, index):
        self._output_types.pop(index, None)
