# SPDX-License-Identifier: Apache-2.0
"""Element types: NumPy's names for the numbers of the C interface."""

from __future__ import annotations

import numpy as np

from .errors import InvalidArgumentError

_NUMBERS = {
    "float32": 1, "uint8": 2, "int8": 3, "uint16": 4, "int16": 5, "int32": 6, "int64": 7, "bool": 9, "float16": 10,
    "float64": 11, "uint32": 12, "uint64": 13,
}
_DTYPES = {number: np.dtype(name) for name, number in _NUMBERS.items()}


def number_of(dtype) -> int:
    """The C interface's number of a NumPy type."""
    name = np.dtype(dtype).name
    if name not in _NUMBERS:
        raise InvalidArgumentError(f"unknown element type: got {name}, expected one of {', '.join(_NUMBERS)}")
    return _NUMBERS[name]


def dtype_of(number: int) -> np.dtype | None:
    """The NumPy type with a number; None where the type is not known."""
    return _DTYPES.get(number)
