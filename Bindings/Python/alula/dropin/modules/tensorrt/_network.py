# SPDX-License-Identifier: Apache-2.0
"""Networks: what is in them, and how they become networks of Alula's.

Layers are Python objects with settings until somebody asks for a shape or builds; then they are emitted, in order, as
ONNX operators. A setting that changes afterwards makes everything be emitted again.
"""

from alula import AlulaError, InvalidArgumentError, Network, UnsupportedError
from alula.types import number_of

from ._emitter import Emitter
from ._enums import _FROM_NUMPY, _NUMPY, DataType
from ._logging import Reporter
from ._tensors import ITensor
from ._values import Dims
from ._version import IS_10


class NetworkBase(Reporter):
    """A network under construction, but for the calls that add layers."""

    def __init__(self, builder, flags):
        self._builder = builder
        self._logger = builder._logger
        self._flags = int(flags)
        self._is_explicit = IS_10 or bool(self._flags & 1)
        self._inputs, self._outputs, self._layers = [], [], []
        self._model = None  # what a parser has read: a network of Alula's
        self._parsed_values = {}  # its tensors by value
        self._rewired = {}
        self._emitted = None  # (network, values by tensor, layers emitted)
        self._failure = None
        self.name = "Unnamed Network 0"
        self.error_recorder = None

    # Reading

    @property
    def builder(self):
        return self._builder

    @property
    def flags(self):
        return self._flags

    def get_flag(self, flag):
        return bool(self._flags >> int(flag) & 1)

    @property
    def has_implicit_batch_dimension(self):
        return not self._is_explicit

    has_explicit_precision = False

    @property
    def num_inputs(self):
        return len(self._inputs)

    @property
    def num_outputs(self):
        return len(self._outputs)

    @property
    def num_layers(self):
        return len(self._layers)

    def get_input(self, index):
        return self._inputs[index] if 0 <= index < len(self._inputs) else None

    def get_output(self, index):
        return self._outputs[index] if 0 <= index < len(self._outputs) else None

    def get_layer(self, index):
        return self._layers[index]._view() if 0 <= index < len(self._layers) else None

    def __len__(self):
        return len(self._layers)

    def __getitem__(self, index):
        return self._layers[index]._view()

    def __iter__(self):
        return iter([layer._view() for layer in self._layers])

    def __bool__(self):
        return True

    # Making

    def add_input(self, name, dtype, shape):
        """Adds an input; -1 stands for an extent that varies."""
        shape = tuple(int(extent) for extent in shape)
        if dtype not in _NUMPY:
            self._report(UnsupportedError(f"add_input '{name}': element type {dtype} is not supported"))
            return None
        if any(tensor.name == name for tensor in self._inputs):
            self._report(InvalidArgumentError(f"add_input: got a second input '{name}', expected another name"))
            return None
        tensor = ITensor(self, name=name)
        tensor._shape, tensor._dtype = shape, dtype
        self._inputs.append(tensor)
        self._changed(None)
        return tensor

    def mark_output(self, tensor):
        """Makes a tensor an output."""
        if tensor is None or tensor._network is not self:
            raise TypeError(f"mark_output: got {tensor!r}, expected a tensor of this network")
        if not tensor.is_network_output:
            self._outputs.append(tensor)

    def unmark_output(self, tensor):
        self._outputs = [output for output in self._outputs if output is not tensor]

    def remove_tensor(self, tensor):
        self._inputs = [kept for kept in self._inputs if kept is not tensor]
        self._changed(None)

    # An output is an output; shapes are computed like everything else.
    mark_output_for_shapes = mark_output

    def unmark_output_for_shapes(self, tensor):
        self.unmark_output(tensor)
        return True

    def set_weights_name(self, weights, name):
        return True

    # Every constant can be refitted where anything can.
    def mark_weights_refittable(self, name):
        return True

    def unmark_weights_refittable(self, name):
        return True

    def are_weights_marked_refittable(self, name):
        return True

    def mark_unfused_tensors_as_debug_tensors(self):
        return False

    def unmark_unfused_tensors_as_debug_tensors(self):
        return False

    def mark_debug(self, tensor):
        self._report(UnsupportedError("debug tensors are not supported: mark the tensor as an output instead"))
        return False

    def unmark_debug(self, tensor):
        return False

    def is_debug_tensor(self, tensor):
        return False

    def _add(self, layer):
        """Appends a layer of the caller's."""
        layer._named(len(self._layers))
        self._layers.append(layer)
        return layer

    # Emitting

    def _changed(self, layer):
        """A setting has changed: what was emitted before is no longer right."""
        if self._emitted is None:
            return
        if layer is None or layer._is_parsed or layer in self._layers[: self._emitted[2]]:
            self._emitted = None

    def _renamed(self):
        pass  # names are given when the network is finished

    def _rewire(self, layer, index, tensor):
        self._rewired[(layer._position, index)] = tensor

    def _start(self):
        """A network with what was read from a model and the inputs, without the caller's layers."""
        values = {}
        if self._model is None:
            network = Network(self.name)
            for tensor in self._inputs:
                shape = tensor._shape if self._is_explicit else (-1, *tensor._shape)
                values[tensor] = network.add_input(tensor.name, _NUMPY[tensor._dtype], shape)
        else:
            network = self._model.copy()
            values.update({tensor: value for value, tensor in self._parsed_values.items()})
            for tensor in self._inputs:
                if tensor not in values:
                    values[tensor] = network.add_input(tensor.name, _NUMPY[tensor._dtype], tensor._shape)
                elif tensor._shape is not None:
                    shape = tensor._shape if self._is_explicit else (-1, *tensor._shape)
                    network.set_input_shape(values[tensor], shape)
            for (node, index), tensor in self._rewired.items():
                if tensor in values:
                    network.set_input(node, index, values[tensor])
        return network, values

    def _emit(self):
        """The network with all layers so far."""
        if self._emitted is None:
            self._emitted = (*self._start(), 0)
        network, values, count = self._emitted
        emitter = Emitter(self, network, values)
        while count < len(self._layers):
            layer = self._layers[count]
            if not layer._is_parsed:
                emitter.emit(layer)
            count += 1
            self._emitted = (network, values, count)
        return network, values

    def _known(self, tensor):
        """What is known of a tensor; None when a layer before it cannot be emitted, which is logged once."""
        try:
            network, values = self._emit()
            return network.value(values[tensor])
        except (AlulaError, KeyError) as error:
            if str(error) != self._failure:
                self._failure = str(error)
                self._report(error, "network")
            return None

    def _shape_of(self, tensor):
        known = self._known(tensor)
        if known is None or known.shape is None:
            return Dims()
        return Dims(known.shape if self._is_explicit else known.shape[1:])

    def _dtype_of(self, tensor):
        known = self._known(tensor)
        if known is None or known.dtype is None:
            return DataType.FLOAT
        # Types TensorRT lacks are shown as the nearest one it has.
        return _FROM_NUMPY.get(known.dtype, DataType.FLOAT if known.dtype.kind == "f" else DataType.INT32)

    def _set_dtype(self, tensor, dtype):
        if tensor.is_network_input and tensor in self._parsed_values.values():
            if dtype != tensor.dtype:
                raise AttributeError(
                    f"tensor '{tensor.name}': the element type of an input read from a model cannot be changed; edit the "
                    "model instead"
                )
            return
        if not tensor.is_network_input and dtype not in _NUMPY:
            raise AttributeError(f"tensor '{tensor.name}': element type {dtype} is not supported")
        tensor._dtype = dtype
        self._changed(None)

    def _finish(self):
        """A complete network: outputs marked and named."""
        if not self._outputs:
            raise InvalidArgumentError("network has no outputs: mark at least one")
        network, values = self._emit()
        finished = network.copy()
        for value in finished.outputs:
            finished.unmark_output(value)
        for tensor in self._outputs:
            value = values[tensor]
            known = finished.value(value)
            if tensor._dtype is not None and tensor not in self._inputs and _NUMPY[tensor._dtype] != known.dtype:
                value = finished.add("Cast", value, name=f"{tensor.name}.cast", to=number_of(_NUMPY[tensor._dtype]))
            elif known.producer is None:
                value = finished.add("Identity", value, name=f"{tensor.name}.output")
            if finished.value(value).name != tensor.name and tensor.name:
                self._free_name(finished, tensor.name, value)
                finished.rename(value, tensor.name)
            finished.mark_output(value)
        return finished

    @staticmethod
    def _free_name(network, name, value):
        """Takes a name away from another value of the network, so that an output can have it."""
        for node in network:
            for other in node.outputs:
                if other is not None and other != value and network.value(other).name == name:
                    network.rename(other, f"{name}.inner")
                    return
