# SPDX-License-Identifier: Apache-2.0
"""CUDA's runtime functions about memory and copies."""

from ctypes import byref, c_int32, c_size_t, c_void_p

from alula._library import MEMORY_DEVICE, MEMORY_PINNED, lib

from ._calls import SUCCESS, code_of, guarded
from ._values import address, cudaMemoryType, number

cudaMemAttachGlobal, cudaMemAttachHost = 1, 2


def _allocated(kind, size):
    place = c_void_p()
    code = code_of(lib.alula_allocate(0, kind, number(size), byref(place)))
    return code, place.value or 0


@guarded
def cudaMalloc(size):
    return _allocated(MEMORY_DEVICE, size)


@guarded
def cudaMallocHost(size):
    return _allocated(MEMORY_PINNED, size)


@guarded
def cudaHostAlloc(size, flags=0):
    return _allocated(MEMORY_PINNED, size)


@guarded
def cudaMallocManaged(size, flags=cudaMemAttachGlobal):
    return _allocated(MEMORY_PINNED, size)


@guarded
def cudaFree(devPtr):
    place = address(devPtr)
    return (code_of(lib.alula_free(0, place)) if place else SUCCESS,)


cudaFreeHost = cudaFree


@guarded
def cudaMallocAsync(size, stream):
    place = c_void_p()
    code = code_of(lib.alula_stream_allocate(number(stream), number(size), byref(place)))
    return code, place.value or 0


@guarded
def cudaFreeAsync(devPtr, stream):
    return (code_of(lib.alula_stream_free(number(stream), address(devPtr))),)


@guarded
def cudaHostRegister(ptr, size, flags=0):
    """Makes host memory pinned; it has to stay valid until ``cudaHostUnregister`` and until nothing uses it."""
    return (code_of(lib.alula_register_host(0, address(ptr, size), size, 0)),)


@guarded
def cudaHostUnregister(ptr):
    return (code_of(lib.alula_free(0, address(ptr))),)


@guarded
def cudaHostGetDevicePointer(pHost, flags=0):
    return SUCCESS, address(pHost)


class cudaPointerAttributes:
    def __init__(self, kind, device_pointer, host_pointer):
        self.type, self.device = kind, 0
        self.devicePointer, self.hostPointer = device_pointer, host_pointer


@guarded
def cudaPointerGetAttributes(ptr):
    place, kind, start, count = address(ptr), c_int32(), c_void_p(), c_size_t()
    code = code_of(lib.alula_memory_query(0, place, byref(kind), byref(start), byref(count)))
    types = {MEMORY_DEVICE: cudaMemoryType.cudaMemoryTypeDevice, MEMORY_PINNED: cudaMemoryType.cudaMemoryTypeHost}
    type_ = types.get(kind.value, cudaMemoryType.cudaMemoryTypeUnregistered)
    known = type_ != cudaMemoryType.cudaMemoryTypeUnregistered
    return code, cudaPointerAttributes(type_, place if known else 0, 0 if kind.value == MEMORY_DEVICE else place)


@guarded
def cudaMemcpy(dst, src, count, kind):
    return (code_of(lib.alula_copy(0, address(dst, count), address(src, count), count, int(kind))),)


@guarded
def cudaMemcpyAsync(dst, src, count, kind, stream=0):
    return (
        code_of(lib.alula_copy_async(number(stream), address(dst, count), address(src, count), count, int(kind))),
    )


@guarded
def cudaMemset(devPtr, value, count):
    code = code_of(lib.alula_fill_async(0, address(devPtr), value, count))
    return (code if code else code_of(lib.alula_stream_synchronize(0)),)


@guarded
def cudaMemsetAsync(devPtr, value, count, stream=0):
    return (code_of(lib.alula_fill_async(number(stream), address(devPtr), value, count)),)
