# SPDX-License-Identifier: Apache-2.0
"""Device memory and page-locked arrays, as PyCUDA has them."""

import operator
from ctypes import byref, c_int32, c_size_t, c_uint8, c_void_p

import numpy as np

from alula._library import MEMORY_DEVICE, MEMORY_PINNED, DeviceInformation, lib
from alula.memory import Registration

from ._errors import LogicError, check

_free = lib.alula_free


class host_alloc_flags:
    PORTABLE, DEVICEMAP, WRITECOMBINED = 1, 2, 4


class mem_host_register_flags:
    PORTABLE, DEVICEMAP = 1, 2


class mem_attach_flags:
    GLOBAL, HOST, SINGLE = 1, 2, 4


class PointerHolderBase:
    """Base of classes of the caller's that stand for device memory; subclass it and override :meth:`get_pointer`."""

    def get_pointer(self):
        raise NotImplementedError

    def __int__(self):
        return int(self.get_pointer())

    __index__ = __int__


class DeviceAllocation:
    """Device memory; ``int(allocation)`` is its address. Freed with the last reference, or now by :meth:`free`."""

    __slots__ = ("_address", "_size", "__weakref__")

    def __init__(self, address, size):
        self._address = address
        self._size = size

    def free(self):
        """Ends the use by new commands; commands in flight keep the memory."""
        address = int(self)
        self._address = 0
        check("DeviceAllocation.free", _free(0, address))

    def as_buffer(self, size, offset=0):
        """The memory as bytes, without a copy: possible here, since the device is the CPU."""
        if not 0 <= offset <= offset + size <= self._size:
            raise LogicError(f"as_buffer: got offset {offset} and size {size}, expected to stay in {self._size} bytes")
        return memoryview((c_uint8 * size).from_address(int(self) + offset)).cast("B")

    def __int__(self):
        if not self._address:
            raise LogicError(f"device allocation of {self._size} bytes was freed and has no address any more")
        return self._address

    __index__ = __int__
    get_pointer = __int__

    def __add__(self, offset):
        return int(self) + operator.index(offset)

    __radd__ = __add__

    def __del__(self):
        try:
            address, self._address = self._address, 0
            if address:
                _free(0, address)
        except (AttributeError, TypeError):
            pass  # the interpreter is going down

    def __repr__(self):
        return f"<pycuda._driver.DeviceAllocation of {self._size} bytes at {self._address:#x}>"


def mem_alloc(size):
    """Allocates device memory."""
    try:
        size = operator.index(size)
    except TypeError:
        raise TypeError(f"mem_alloc: got {type(size).__name__} {size!r}, expected an integer") from None
    if size <= 0:
        raise LogicError(f"mem_alloc failed: got {size} bytes, expected at least one")
    address = c_void_p()
    check("mem_alloc", lib.alula_allocate(0, MEMORY_DEVICE, size, byref(address)))
    return DeviceAllocation(address.value, size)


def mem_alloc_pitch(width, height, access_size):
    """Allocates rows at a distance that keeps them aligned; gives the memory and the distance."""
    pitch = -(-operator.index(width) // 256) * 256
    return mem_alloc(pitch * operator.index(height)), pitch


def mem_get_info():
    """Free and total bytes."""
    information = DeviceInformation()
    check("mem_get_info", lib.alula_device_get_information(0, byref(information)))
    return information.memory_limit - information.allocated_byte_count, information.memory_limit


def mem_get_address_range(device_pointer):
    """Start and size of the allocation an address lies in."""
    kind, start, size = c_int32(), c_void_p(), c_size_t()
    check(
        "mem_get_address_range",
        lib.alula_memory_query(0, int(device_pointer), byref(kind), byref(start), byref(size)),
    )
    if kind.value != MEMORY_DEVICE:
        raise LogicError(f"mem_get_address_range: {int(device_pointer):#x} is not in device memory")
    return start.value, size.value


class PagelockedHostAllocation:
    """Page-locked memory behind arrays, which keep it."""

    def __init__(self, shape, dtype):
        self._address = 0
        size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        address = c_void_p()
        check("pagelocked_empty", lib.alula_allocate(0, MEMORY_PINNED, max(1, size), byref(address)))
        self._address = address.value
        self._size = size
        self.__array_interface__ = {"shape": shape, "typestr": dtype.str, "data": (address.value, False), "version": 3}

    def get_device_pointer(self):
        """The address: the device and the host share memory."""
        return self._address

    def free(self):
        """Ends the use by new commands. Arrays over it must not be touched again."""
        address, self._address = self._address, 0
        if address:
            check("PagelockedHostAllocation.free", _free(0, address))

    def __del__(self):
        try:
            self.free()
        except (AttributeError, TypeError, LogicError):
            pass  # the constructor failed, or the interpreter is going down


ManagedAllocation = PagelockedHostAllocation


def _shape_of(shape):
    try:
        return (operator.index(shape),)
    except TypeError:
        return tuple(operator.index(extent) for extent in shape)


def pagelocked_empty(shape, dtype, order="C", mem_flags=0):
    """An array in page-locked memory."""
    shape = _shape_of(shape)
    allocation = PagelockedHostAllocation(shape[::-1] if order == "F" else shape, np.dtype(dtype))
    array = np.asarray(allocation)
    return array.T if order == "F" else array


def pagelocked_zeros(shape, dtype, order="C", mem_flags=0):
    array = pagelocked_empty(shape, dtype, order, mem_flags)
    array.fill(0)
    return array


def pagelocked_empty_like(array, mem_flags=0):
    return pagelocked_empty(array.shape, array.dtype, "F" if array.flags.fnc else "C", mem_flags)


def pagelocked_zeros_like(array, mem_flags=0):
    result = pagelocked_empty_like(array, mem_flags)
    result.fill(0)
    return result


def managed_empty(shape, dtype, order="C", mem_flags=0):
    """An array in memory that host and device share: page-locked memory, here."""
    return pagelocked_empty(shape, dtype, order)


def managed_zeros(shape, dtype, order="C", mem_flags=0):
    return pagelocked_zeros(shape, dtype, order)


def aligned_empty(shape, dtype, order="C", alignment=4096):
    """A pageable array that starts at a multiple of ``alignment``."""
    dtype, shape = np.dtype(dtype), _shape_of(shape)
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    memory = np.empty(size + alignment, np.uint8)
    start = -memory.ctypes.data % alignment
    return memory[start : start + size].view(dtype).reshape(shape, order=order)


def aligned_zeros(shape, dtype, order="C", alignment=4096):
    array = aligned_empty(shape, dtype, order, alignment)
    array.fill(0)
    return array


_registered = {}


def register_host_memory(array, flags=0):
    """Makes an array page-locked as it is; it is kept until :func:`unregister_host_memory` and as long as used."""
    if not array.flags.c_contiguous:
        raise ValueError(f"register_host_memory: ndarray is not contiguous: got strides {array.strides}")
    registration = Registration(array)
    _registered[registration.address] = registration
    return array


def unregister_host_memory(array):
    registration = _registered.pop(array.ctypes.data, None)
    if registration is None:
        raise LogicError("unregister_host_memory: got an array that is not registered")
    registration.free()
