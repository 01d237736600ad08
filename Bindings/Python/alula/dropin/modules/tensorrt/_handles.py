# SPDX-License-Identifier: Apache-2.0
"""Numbers and handles among the arguments of calls."""

from alula import InvalidArgumentError


def number_of(value, what, expected):
    """The number an argument means: an integer, or an object that stands for one."""
    if isinstance(value, (str, bytes, float)) or not (hasattr(value, "__index__") or hasattr(value, "__int__")):
        raise InvalidArgumentError(f"{what}: got {type(value).__name__} {value!r}, expected {expected}")
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise InvalidArgumentError(f"{what}: got {type(value).__name__}, expected {expected}") from None
    if not 0 <= number < 1 << 64:
        raise InvalidArgumentError(f"{what}: got {number}, expected {expected}")
    return number


def handle_of(stream, what="stream"):
    """The number behind a stream or event: a number, or an object of PyCUDA's or cuda-python's; 0 for None."""
    if stream is None:
        return 0
    return number_of(getattr(stream, "handle", stream), what, f"the handle of a {what}")
