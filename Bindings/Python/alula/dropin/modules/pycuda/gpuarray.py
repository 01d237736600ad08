# SPDX-License-Identifier: Apache-2.0
"""Arrays in device memory: made, copied, and given to engines. Arithmetic on them is refused: use NumPy."""

import numpy as np
import pycuda.driver as cuda


class GPUArray:
    """An array in device memory."""

    def __init__(self, shape, dtype, allocator=cuda.mem_alloc, base=None, gpudata=None, order="C"):
        self.shape = (int(shape),) if np.isscalar(shape) else tuple(int(extent) for extent in shape)
        self.dtype = np.dtype(dtype)
        self.base = base
        self.gpudata = allocator(max(1, self.nbytes)) if gpudata is None else gpudata

    @property
    def size(self):
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self):
        return self.size * self.dtype.itemsize

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def ptr(self):
        return int(self.gpudata)

    def __int__(self):
        return self.ptr

    __index__ = __int__

    def __len__(self):
        return self.shape[0]

    def set(self, array):
        """Copies an array to the device and waits."""
        self.set_async(array)
        cuda.Context.synchronize()

    def set_async(self, array, stream=None):
        if array.dtype != self.dtype or array.size != self.size:
            raise ValueError(f"set: got {array.dtype} {array.shape}, expected {self.dtype} {self.shape}")
        cuda.memcpy_htod_async(self.gpudata, array, stream)

    def get(self, ary=None, pagelocked=False):
        """Copies the array to the host and waits."""
        result = self.get_async(None, ary)
        cuda.Context.synchronize()
        return result

    def get_async(self, stream=None, ary=None):
        result = cuda.pagelocked_empty(self.shape, self.dtype) if ary is None else ary
        cuda.memcpy_dtoh_async(result, self.gpudata, stream)
        return result

    def fill(self, value, stream=None):
        cuda.memcpy_htod_async(self.gpudata, np.full(self.shape, value, self.dtype), stream)
        return self

    def reshape(self, *shape):
        shape = shape[0] if len(shape) == 1 and not np.isscalar(shape[0]) else shape
        shape = np.empty(self.shape, np.uint8).reshape(shape).shape
        return GPUArray(shape, self.dtype, base=self, gpudata=self.gpudata)

    def ravel(self):
        return self.reshape(-1)

    def __repr__(self):
        return repr(self.get())


def empty(shape, dtype=np.float64, allocator=cuda.mem_alloc, order="C"):
    return GPUArray(shape, dtype, allocator)


def zeros(shape, dtype=np.float64, allocator=cuda.mem_alloc, order="C"):
    return GPUArray(shape, dtype, allocator).fill(0)


def empty_like(other):
    return GPUArray(other.shape, other.dtype)


def zeros_like(other):
    return empty_like(other).fill(0)


def to_gpu(ary, allocator=cuda.mem_alloc):
    """A copy of an array in device memory."""
    result = GPUArray(ary.shape, ary.dtype, allocator)
    result.set(ary)
    return result


def to_gpu_async(ary, allocator=cuda.mem_alloc, stream=None):
    result = GPUArray(ary.shape, ary.dtype, allocator)
    result.set_async(ary, stream)
    return result
