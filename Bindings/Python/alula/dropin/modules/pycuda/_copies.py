# SPDX-License-Identifier: Apache-2.0
"""Copies and fills, as PyCUDA has them.

Semantics are CUDA's: copies of page-locked arrays run when their turn comes; a pageable source is read before the call
returns; a copy to a pageable array returns when it is complete.
"""

import operator

import numpy as np

from alula._library import COPY_DEVICE_TO_DEVICE, COPY_DEVICE_TO_HOST, COPY_HOST_TO_DEVICE, lib

from ._errors import LogicError, check, failure
from ._memory import mem_alloc
from ._streams import handle_of

_copy_async = lib.alula_copy_async
_copy = lib.alula_copy


def _host(array, call, writes=False):
    """Address and size of host memory that can be copied as it lies."""
    if type(array) is np.ndarray or isinstance(array, np.ndarray):
        flags = array.flags
        if not (flags.c_contiguous or flags.f_contiguous):
            raise ValueError(
                f"{call}: ndarray is not contiguous: got shape {array.shape} with strides {array.strides}; use "
                "numpy.ascontiguousarray"
            )
        if writes and not flags.writeable:
            raise ValueError(f"{call}: got a read-only array as the destination")
        return array.__array_interface__["data"][0], array.nbytes
    if isinstance(array, np.generic):
        array = np.frombuffer(array.tobytes(), np.uint8)
    else:
        try:
            view = memoryview(array)
        except TypeError:
            raise TypeError(f"{call}: got {type(array).__name__}, expected an array or another buffer") from None
        if not view.contiguous:
            raise ValueError(f"{call}: buffer is not contiguous")
        if writes and view.readonly:
            raise ValueError(f"{call}: got a read-only buffer as the destination")
        array = np.frombuffer(view, np.uint8)
    return array.__array_interface__["data"][0], array.nbytes


def _refused(call, status, array):
    error = failure(call, status)
    if isinstance(array, np.ndarray):
        error.args = (f"{error.args[0]} (the array holds {array.nbytes} bytes: {array.dtype}, shape {array.shape})",)
    return error


def memcpy_htod_async(dest, src, stream=None):
    """Copies host memory to device memory in stream order."""
    address, size = _host(src, "memcpy_htod_async")
    status = _copy_async(handle_of(stream), int(dest), address, size, COPY_HOST_TO_DEVICE)
    if status:
        raise _refused("memcpy_htod_async", status, src)


def memcpy_dtoh_async(dest, src, stream=None):
    """Copies device memory to host memory in stream order."""
    address, size = _host(dest, "memcpy_dtoh_async", writes=True)
    status = _copy_async(handle_of(stream), address, int(src), size, COPY_DEVICE_TO_HOST)
    if status:
        raise _refused("memcpy_dtoh_async", status, dest)


def memcpy_htod(dest, src):
    """Copies host memory to device memory and waits."""
    address, size = _host(src, "memcpy_htod")
    status = _copy(0, int(dest), address, size, COPY_HOST_TO_DEVICE)
    if status:
        raise _refused("memcpy_htod", status, src)


def memcpy_dtoh(dest, src):
    """Copies device memory to host memory and waits."""
    address, size = _host(dest, "memcpy_dtoh", writes=True)
    status = _copy(0, address, int(src), size, COPY_DEVICE_TO_HOST)
    if status:
        raise _refused("memcpy_dtoh", status, dest)


def memcpy_dtod(dest, src, size):
    """Copies device memory to device memory and waits."""
    check("memcpy_dtod", _copy(0, int(dest), int(src), operator.index(size), COPY_DEVICE_TO_DEVICE))


def memcpy_dtod_async(dest, src, size, stream=None):
    """Copies device memory to device memory in stream order."""
    check(
        "memcpy_dtod_async",
        _copy_async(handle_of(stream), int(dest), int(src), operator.index(size), COPY_DEVICE_TO_DEVICE),
    )


def to_device(bf_obj):
    """Device memory with a copy of a buffer."""
    _, size = _host(bf_obj, "to_device")
    result = mem_alloc(size)
    memcpy_htod(result, bf_obj)
    return result


def from_device(devptr, shape, dtype, order="C"):
    """An array with a copy of device memory."""
    result = np.empty(shape, dtype, order)
    memcpy_dtoh(result, devptr)
    return result


def from_device_like(devptr, other_ary):
    result = np.empty_like(other_ary)
    memcpy_dtoh(result, devptr)
    return result


def matrix_to_array(*_, **__):
    raise LogicError("matrix_to_array: textures are not supported")


# Fills

def _fill(call, dest, value, count, width, stream):
    pattern = np.array(value & (1 << 8 * width) - 1, np.dtype(f"uint{8 * width}"))
    count, handle = operator.index(count), handle_of(stream)
    data = pattern.tobytes()
    if len(set(data)) == 1:
        check(call, lib.alula_fill_async(handle, int(dest), data[0], count * width))
        return
    array = np.full(count, pattern)
    check(call, _copy_async(handle, int(dest), array.ctypes.data, array.nbytes, COPY_HOST_TO_DEVICE))


def memset_d8_async(dest, data, size, stream=None):
    _fill("memset_d8_async", dest, data, size, 1, stream)


def memset_d16_async(dest, data, size, stream=None):
    _fill("memset_d16_async", dest, data, size, 2, stream)


def memset_d32_async(dest, data, size, stream=None):
    _fill("memset_d32_async", dest, data, size, 4, stream)


def memset_d8(dest, data, size):
    """Sets bytes and waits."""
    _fill("memset_d8", dest, data, size, 1, None)
    check("memset_d8", lib.alula_stream_synchronize(0))


def memset_d16(dest, data, size):
    _fill("memset_d16", dest, data, size, 2, None)
    check("memset_d16", lib.alula_stream_synchronize(0))


def memset_d32(dest, data, size):
    _fill("memset_d32", dest, data, size, 4, None)
    check("memset_d32", lib.alula_stream_synchronize(0))
