# SPDX-License-Identifier: Apache-2.0
"""Networks: read from ONNX models, or made operator by operator."""

from __future__ import annotations

import os
from ctypes import POINTER, byref, c_float, c_int32, c_int64, c_size_t, cast
from typing import NamedTuple, Sequence

import numpy as np

from ._library import (
    NO_VALUE, AttributeStruct, NodeInformation, Owned, ShapeStruct, ValueInformation, check, encode, lib, new_handle,
    take_bytes,
)
from .errors import InvalidArgumentError
from .types import dtype_of, number_of


class Value(NamedTuple):
    """What is known of a tensor of a network."""

    name: str
    dtype: np.dtype | None
    #: Extents, -1 where they vary; None where not even the rank is known.
    shape: tuple[int, ...] | None
    is_input: bool
    is_output: bool
    is_constant: bool
    #: The position of the node that makes it; None for inputs and constants.
    producer: int | None


class Node(NamedTuple):
    """One operator of a network."""

    name: str
    operator: str
    #: Values by number; None where an optional one is omitted.
    inputs: tuple[int | None, ...]
    outputs: tuple[int | None, ...]


class Network(Owned):
    """A network before it is built. Values are numbers; operators are ONNX's, with the newest supported meaning.

    TensorRT: ``INetworkDefinition``.
    """

    __slots__ = ()
    _destroy = lib.alula_network_destroy

    def __init__(self, name: str = "network"):
        super().__init__(new_handle(lib.alula_network_create, encode(name)))

    @classmethod
    def _wrap(cls, handle: int) -> "Network":
        network = cls.__new__(cls)
        Owned.__init__(network, handle)
        return network

    @classmethod
    def from_onnx(cls, model, *, folder: str | os.PathLike | None = None) -> "Network":
        """Reads an ONNX model: a path, or bytes with ``folder`` for external data."""
        if isinstance(model, (str, os.PathLike)):
            return cls._wrap(new_handle(lib.alula_network_from_onnx_file, encode(model)))
        data = bytes(model)
        return cls._wrap(
            new_handle(lib.alula_network_from_onnx_bytes, data, len(data), None if folder is None else encode(folder))
        )

    def copy(self) -> "Network":
        """An independent copy; weights are shared."""
        return self._wrap(new_handle(lib.alula_network_copy, self._handle))

    # Making

    def add_input(self, name: str, dtype, shape: Sequence[int]) -> int:
        """Adds an input; -1 stands for an extent that varies."""
        value = c_int32()
        check(
            lib.alula_network_add_input(
                self._handle, encode(name), number_of(dtype), byref(ShapeStruct.of(shape)), byref(value)
            )
        )
        return value.value

    def add_constant(self, array, name: str = "constant") -> int:
        """Adds a constant; the array is copied."""
        array = np.asarray(array, order="C")
        value = c_int32()
        check(
            lib.alula_network_add_constant(
                self._handle, encode(name), number_of(array.dtype), byref(ShapeStruct.of(array.shape)),
                array.ctypes.data, byref(value),
            )
        )
        return value.value

    def add(self, operator: str, *inputs: int | None, name: str, outputs: int = 1, **attributes):
        """Adds an ONNX operator and returns its output, or a tuple of them. None omits an optional input.

        Attributes are integers, floats, texts, or lists of integers or floats.
        """
        numbers = (c_int32 * max(1, len(inputs)))(*(NO_VALUE if value is None else value for value in inputs))
        structs, kept = _attributes(attributes)
        results = (c_int32 * outputs)()
        check(
            lib.alula_network_add_node(
                self._handle, encode(operator), encode(name), numbers, len(inputs), structs, len(attributes), results,
                outputs,
            )
        )
        del kept
        values = tuple(None if value == NO_VALUE else value for value in results)
        return values[0] if outputs == 1 else values

    def mark_output(self, value: int) -> None:
        """Makes a value an output of the network."""
        check(lib.alula_network_mark_output(self._handle, value))

    def unmark_output(self, value: int) -> None:
        """Makes an output an ordinary value again."""
        check(lib.alula_network_unmark_output(self._handle, value))

    def rename(self, value: int, name: str) -> None:
        """Renames a value; a name that is taken gets a suffix."""
        check(lib.alula_network_rename(self._handle, value, encode(name)))

    def set_input(self, node: int, index: int, value: int) -> None:
        """Makes a node read another value."""
        check(lib.alula_network_set_input(self._handle, node, index, value))

    def set_input_shape(self, value: int, shape: Sequence[int]) -> None:
        """Replaces the declared extents of an input."""
        check(lib.alula_network_set_input_shape(self._handle, value, byref(ShapeStruct.of(shape))))

    # Reading

    def _counts(self) -> tuple[int, int, int]:
        inputs, outputs, nodes = c_size_t(), c_size_t(), c_size_t()
        check(lib.alula_network_counts(self._handle, byref(inputs), byref(outputs), byref(nodes)))
        return inputs.value, outputs.value, nodes.value

    def _bindings(self, function, count: int) -> tuple[int, ...]:
        values = []
        for index in range(count):
            value = c_int32()
            check(function(self._handle, index, byref(value)))
            values.append(value.value)
        return tuple(values)

    @property
    def inputs(self) -> tuple[int, ...]:
        """The inputs, in binding order."""
        return self._bindings(lib.alula_network_get_input, self._counts()[0])

    @property
    def outputs(self) -> tuple[int, ...]:
        """The outputs, in binding order."""
        return self._bindings(lib.alula_network_get_output, self._counts()[1])

    def value(self, number: int) -> Value:
        """What is known of a value."""
        information = ValueInformation()
        check(lib.alula_network_get_value(self._handle, number, byref(information)))
        return Value(
            information.name.decode(), dtype_of(information.data_type), information.shape.tuple(),
            information.is_input, information.is_output, information.is_constant,
            None if information.producer < 0 else information.producer,
        )

    def __len__(self) -> int:
        return self._counts()[2]

    def __getitem__(self, index: int) -> Node:
        """The node at a position of the execution order."""
        count = len(self)
        if not -count <= index < count:
            raise IndexError(f"node {index} of {count}")
        index %= count
        information = NodeInformation()
        check(lib.alula_network_get_node(self._handle, index, byref(information)))
        inputs = (c_int32 * max(1, information.input_count))()
        outputs = (c_int32 * max(1, information.output_count))()
        check(lib.alula_network_get_node_values(self._handle, index, inputs, outputs))
        values = [
            tuple(None if value == NO_VALUE else value for value in list(array)[:count])
            for array, count in ((inputs, information.input_count), (outputs, information.output_count))
        ]
        return Node(information.name.decode(), information.operator_name.decode(), *values)

    def constant(self, number: int) -> np.ndarray:
        """The content of a constant."""
        value = self.value(number)
        data = take_bytes(new_handle(lib.alula_network_get_constant, self._handle, number))
        return np.frombuffer(data, dtype=value.dtype).reshape(value.shape)


def supported_operators() -> list[str]:
    """The ONNX operators a network may use."""
    return take_bytes(new_handle(lib.alula_supported_operators)).decode().split("\n")


def _attributes(attributes: dict):
    """The C form of attributes, and what must stay alive while C reads them."""
    structs = (AttributeStruct * max(1, len(attributes)))()
    kept: list = []
    for struct, (name, value) in zip(structs, attributes.items()):
        struct.name = encode(name)
        if isinstance(value, str):
            struct.kind, struct.text = 2, value.encode()
        elif isinstance(value, (bool, int, np.integer)):
            struct.kind, struct.integer = 0, int(value)
        elif isinstance(value, (float, np.floating)):
            struct.kind, struct.real = 1, float(value)
        elif not isinstance(value, (list, tuple, range, np.ndarray)):
            raise _wrong_attribute(name, value)
        elif all(isinstance(item, (int, np.integer)) for item in value):
            integers = (c_int64 * max(1, len(value)))(*map(int, value))
            kept.append(integers)
            struct.kind, struct.integers, struct.count = 3, cast(integers, POINTER(c_int64)), len(value)
        elif all(isinstance(item, (int, float, np.number)) for item in value):
            reals = (c_float * max(1, len(value)))(*map(float, value))
            kept.append(reals)
            struct.kind, struct.reals, struct.count = 4, cast(reals, POINTER(c_float)), len(value)
        else:
            raise _wrong_attribute(name, value)
    return structs, kept


def _wrong_attribute(name: str, value) -> InvalidArgumentError:
    return InvalidArgumentError(f"attribute '{name}': got {value!r}, expected a number, a text or a list of numbers")
