# SPDX-License-Identifier: Apache-2.0
"""PyCUDA's tools: default contexts, memory pools, and what the device is like."""

import pycuda.driver as cuda


def make_default_context(ctx_maker=None):
    """Makes a context on the device and enters it."""
    device = cuda.Device(0)
    return device.make_context() if ctx_maker is None else ctx_maker(device)


def get_default_device(default=0):
    return cuda.Device(0)


def clear_context_caches():
    """No effect: there are no compiled kernels to forget."""


def context_dependent_memoize(function):
    """Remembers results; there is one device, so that contexts make no difference."""
    results = {}

    def remembered(*arguments):
        if arguments not in results:
            results[arguments] = function(*arguments)
        return results[arguments]

    return remembered


def mark_cuda_test(function):
    """Leaves a test as it is: it can run."""
    return function


class DeviceData:
    """What the device is like."""

    def __init__(self, dev=None):
        self.max_threads = 1
        self.warp_size = 1


class DeviceMemoryPool:
    """Device memory from a pool. The library pools freed memory itself, so that this hands out plain allocations."""

    active_blocks = 0
    held_blocks = 0

    def allocate(self, size):
        return cuda.mem_alloc(size)

    def free_held(self):
        pass

    def stop_holding(self):
        pass


class PageLockedMemoryPool(DeviceMemoryPool):
    """Page-locked arrays from a pool."""

    def allocate(self, shape, dtype, order="C"):
        return cuda.pagelocked_empty(shape, dtype, order)


PageLockedAllocator = PageLockedMemoryPool
