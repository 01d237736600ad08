# SPDX-License-Identifier: Apache-2.0
"""Small values: dimensions, permutations, weights, memory blocks."""

import collections.abc

import numpy as np

from ._enums import _FROM_NUMPY, _NUMPY, DataType


class Dims(collections.abc.MutableSequence):
    """Extents: a list that equals tuples and lists of the same numbers."""

    MAX_DIMS = 8
    _rank = None

    def __init__(self, shape=(), *rest):
        if isinstance(shape, (int, np.integer)):
            if not rest and self._rank is None:
                shape = (0,) * int(shape)
            else:
                shape = (shape, *rest)
        self._extents = [int(extent) for extent in shape]
        if self._rank is not None and len(self._extents) not in (0, self._rank):
            raise ValueError(f"{type(self).__name__}: got {len(self._extents)} extents, expected {self._rank}")

    def __len__(self):
        return len(self._extents)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return tuple(self._extents[index])
        return self._extents[index]

    def __setitem__(self, index, value):
        if isinstance(index, slice):
            self._extents[index] = [int(item) for item in value]
        else:
            self._extents[index] = int(value)

    def __delitem__(self, index):
        del self._extents[index]

    def insert(self, index, value):
        self._extents.insert(index, int(value))

    def __add__(self, other):
        return tuple(self._extents) + tuple(other)

    def __radd__(self, other):
        return tuple(other) + tuple(self._extents)

    def __eq__(self, other):
        if isinstance(other, (str, bytes)) or not isinstance(other, collections.abc.Sequence):
            return NotImplemented
        return self._extents == list(other)

    __hash__ = None

    def __repr__(self):
        return f"({', '.join(map(str, self._extents))}{',' if len(self) == 1 else ''})"

    __str__ = __repr__


def _fixed(name, rank, fields=()):
    members = {"_rank": rank}
    for index, field in enumerate(fields):
        members[field] = property(
            lambda self, index=index: self[index], lambda self, value, index=index: self.__setitem__(index, value)
        )
    return type(name, (Dims,), members)


Dims2 = _fixed("Dims2", 2)
Dims3 = _fixed("Dims3", 3)
Dims4 = _fixed("Dims4", 4)
DimsHW = _fixed("DimsHW", 2, ("h", "w"))
DimsCHW = _fixed("DimsCHW", 3, ("c", "h", "w"))
DimsNCHW = _fixed("DimsNCHW", 4, ("n", "c", "h", "w"))
DimsExprs = Dims


class Permutation(Dims):
    """An order of axes."""


class Weights:
    """Weights of a layer: a type and values that are kept alive."""

    def __init__(self, type=DataType.FLOAT, ptr=None, count=0):
        if isinstance(type, np.ndarray):
            self._array = np.ascontiguousarray(type)
        elif ptr is not None:
            import ctypes

            dtype = _NUMPY[type]
            buffer = (ctypes.c_uint8 * (count * dtype.itemsize)).from_address(ptr)
            self._array = np.frombuffer(buffer, dtype)
        else:
            self._array = np.empty(0, _NUMPY[type])

    @property
    def dtype(self):
        return datatype_of(self._array.dtype)

    @property
    def size(self):
        return self._array.size

    @property
    def nbytes(self):
        return self._array.nbytes

    def numpy(self):
        return self._array

    def __len__(self):
        return self._array.size


def to_array(weights):
    """Weights as layers get them; None for none and for empty ones."""
    if weights is None:
        return None
    array = weights.numpy() if isinstance(weights, Weights) else np.asarray(weights)
    return np.ascontiguousarray(array) if array.size else None


def nptype(trt_type):
    """The NumPy type of a TensorRT type."""
    if trt_type in _NUMPY:
        return _NUMPY[trt_type].type
    raise TypeError("Could not resolve TensorRT datatype to an equivalent numpy datatype.")


def datatype_of(dtype):
    """The TensorRT type of a NumPy type."""
    kind = _FROM_NUMPY.get(np.dtype(dtype))
    if kind is None:
        raise TypeError(f"TensorRT has no type for {np.dtype(dtype)}")
    return kind


def volume(iterable):
    """The product of extents; 1 of none, as a scalar has one element."""
    product = 1
    for extent in iterable:
        product *= extent
    return product


class IHostMemory(bytes):
    """Bytes a call made. A context manager without effect, as all of TensorRT's are since version 8."""

    # What a refittable engine is rebuilt from; a file does not have it.
    _source = None

    @property
    def nbytes(self):
        return len(self)

    @property
    def dtype(self):
        return DataType.INT8

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None
