# SPDX-License-Identifier: Apache-2.0
"""Device memory, pinned memory, and host arrays used in place."""

from __future__ import annotations

import ctypes
import threading
from operator import index
from ctypes import byref, c_size_t, c_uint64, c_void_p

import numpy as np

from ._library import MEMORY_DEVICE, MEMORY_PINNED, check, lib
from .device import Device, default_device
from .errors import AlulaError, InvalidArgumentError


class DeviceMemory:
    """Bytes of device memory, 256-byte aligned and zero when new. ``int(memory)`` is the address.

    Freeing, or dropping the last reference, ends the use by new commands; commands in flight keep the bytes.
    """

    __slots__ = ("address", "byte_count", "device", "_kind", "__weakref__")

    def __init__(self, byte_count: int, device: Device | None = None):
        self.address = 0
        self.device = device or default_device()
        self.byte_count = _byte_count(byte_count)
        self.address = _allocate(self.device, MEMORY_DEVICE, self.byte_count)

    def free(self) -> None:
        """Frees the memory; freeing twice is an error."""
        address, self.address = self.address, 0
        if not address:
            raise InvalidArgumentError(f"device memory was freed before: got another free of {self.byte_count} bytes")
        check(lib.alula_free(self.device._handle, address))

    def __int__(self) -> int:
        if not self.address:
            raise InvalidArgumentError(f"device memory was freed: {self.byte_count} bytes are no longer there")
        return self.address

    __index__ = __int__

    def __del__(self):
        try:
            address, self.address = self.address, 0
            if address:
                lib.alula_free(self.device._handle, address)
        except (AttributeError, TypeError):
            pass

    def __repr__(self):
        return f"<alula.DeviceMemory {self.byte_count} bytes at {self.address:#x}>"


class _PinnedOwner:
    """Owns pinned memory for the arrays over it."""

    def __init__(self, device: Device, shape: tuple[int, ...], dtype: np.dtype):
        self.device = device
        self.address = 0
        byte_count = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        self.address = _allocate(device, MEMORY_PINNED, max(1, byte_count))
        self.__array_interface__ = {
            "shape": shape, "typestr": dtype.str, "data": (self.address, False), "version": 3,
        }

    def __del__(self):
        try:
            if self.address:
                lib.alula_free(self.device._handle, self.address)
        except (AttributeError, TypeError):
            pass


def empty_pinned(shape, dtype=np.float32, *, device: Device | None = None) -> np.ndarray:
    """An array of zeros in pinned memory: asynchronous copies read and write it when they run.

    The memory goes with the last array over it; commands in flight keep it.
    """
    shape = (shape,) if np.isscalar(shape) else tuple(int(extent) for extent in shape)
    owner = _PinnedOwner(device or default_device(), shape, np.dtype(dtype))
    return np.asarray(owner)


class Registration:
    """A host array that copies and bindings use in place, without a copy. ``int(registration)`` is its address.

    The array is kept alive until :meth:`free` and until nothing uses it any more. CUDA: ``cudaHostRegister``.
    """

    __slots__ = ("address", "byte_count", "device", "__weakref__")

    def __init__(self, array: np.ndarray, device: Device | None = None):
        self.address = 0
        array = contiguous(array, "registration")
        self.device = device or default_device()
        self.byte_count = array.nbytes
        address = array.ctypes.data
        token = _lent.add(array)
        status = lib.alula_register_host(self.device._handle, address, array.nbytes, token)
        if status:
            _lent.remove(token)
            check(status)
        self.address = address

    def free(self) -> None:
        """Ends the use by new commands."""
        address, self.address = self.address, 0
        if address:
            check(lib.alula_free(self.device._handle, address))
        _lent.collect()

    def __int__(self) -> int:
        return self.address

    __index__ = __int__

    def __del__(self):
        try:
            self.free()
        except (AlulaError, AttributeError, TypeError):
            pass


class _Lent:
    """Arrays the library uses in place, by token, until it has let go of them."""

    def __init__(self):
        # The collector of cycles may free a registration while this very thread holds the lock.
        self._lock = threading.RLock()
        self._arrays: dict[int, np.ndarray] = {}
        self._next = 0

    def add(self, array: np.ndarray) -> int:
        self.collect()
        with self._lock:
            self._next += 1
            self._arrays[self._next] = array
            return self._next

    def remove(self, token: int) -> None:
        with self._lock:
            self._arrays.pop(token, None)

    def collect(self) -> None:
        tokens, count = (c_uint64 * 64)(), c_size_t(64)
        while count.value == 64:
            check(lib.alula_released_tokens(tokens, 64, byref(count)))
            for token in tokens[: count.value]:
                self.remove(token)

    def __len__(self):
        return len(self._arrays)


_lent = _Lent()


def _byte_count(byte_count) -> int:
    if isinstance(byte_count, bool) or not isinstance(byte_count, (int, np.integer)) or byte_count < 0:
        raise InvalidArgumentError(f"impossible byte count: got {byte_count!r}, expected an integer of zero or more")
    return int(byte_count)


def _allocate(device: Device, kind: int, byte_count: int) -> int:
    address = c_void_p()
    check(lib.alula_allocate(device._handle, kind, byte_count, byref(address)))
    return address.value or 0


def empty_aligned(shape: tuple[int, ...], dtype: np.dtype, byte_count: int = 64) -> np.ndarray:
    """An array in ordinary memory that starts at a multiple of ``byte_count``: a cache line, and the widest vector."""
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    raw = np.empty(size + byte_count, np.uint8)
    start = -raw.ctypes.data % byte_count
    return raw[start : start + size].view(dtype).reshape(shape)


def addresses(bindings) -> ctypes.Array:
    """Bindings as C takes them."""
    try:
        return (c_uint64 * len(bindings))(*map(index, bindings))
    except TypeError:
        for position, memory in enumerate(bindings):
            if not hasattr(memory, "__index__") or isinstance(memory, np.ndarray):
                raise InvalidArgumentError(
                    f"binding {position}: got {type(memory).__name__}, expected device memory, a registration or an address"
                ) from None
        raise


def contiguous(array, what: str) -> np.ndarray:
    """Checks that an array can be copied as it lies in memory."""
    if not isinstance(array, np.ndarray):
        raise InvalidArgumentError(f"{what}: got {type(array).__name__}, expected a NumPy array")
    if not array.flags.c_contiguous:
        raise InvalidArgumentError(
            f"{what}: got a non-contiguous array of shape {array.shape} and strides {array.strides}, expected a "
            "contiguous one; use numpy.ascontiguousarray"
        )
    return array
