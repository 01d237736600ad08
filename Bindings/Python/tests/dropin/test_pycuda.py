# SPDX-License-Identifier: Apache-2.0
"""PyCUDA's interface: memory, copies, streams, events, the device."""

import gc
import threading

import numpy as np
import pycuda.driver as cuda
import pytest


def test_allocations_are_numbers_that_add_up():
    memory = cuda.mem_alloc(1024)
    assert int(memory) % 256 == 0 and int(memory) + 16 == memory + 16 == np.uint64(int(memory)) + 16
    assert cuda.mem_get_address_range(memory) == (int(memory), 1024) == cuda.mem_get_address_range(int(memory) + 5)
    assert bytes(memory.as_buffer(4)) == bytes(4)  # zeroed when new
    assert int(cuda.mem_alloc(np.int64(8))) and cuda.mem_alloc(np.prod((2, 3)))


@pytest.mark.parametrize("size,error", [(0, cuda.LogicError), (-1, cuda.LogicError), (1.5, TypeError), ("8", TypeError)])
def test_sizes_that_mean_nothing(size, error):
    with pytest.raises(error, match="mem_alloc"):
        cuda.mem_alloc(size)


def test_more_memory_than_there_is():
    with pytest.raises(cuda.MemoryError) as error:
        cuda.mem_alloc(1 << 60)
    assert isinstance(error.value, (MemoryError, cuda.Error)) and str(1 << 60) in str(error.value)


def test_memory_is_given_back():
    free, total = cuda.mem_get_info()
    memory = cuda.mem_alloc(1 << 20)
    assert cuda.mem_get_info() == (free - (1 << 20), total)
    del memory
    gc.collect()
    assert cuda.mem_get_info() == (free, total)


def test_copies_there_and_back():
    array = np.arange(100, dtype=np.float32)
    memory, other, result = cuda.to_device(array), cuda.mem_alloc(400), np.zeros(100, np.float32)
    cuda.memcpy_dtod(other, memory, 400)
    cuda.memcpy_dtoh(result, other)
    assert (result == array).all()
    assert (cuda.from_device(int(memory) + 40, (3,), np.float32) == [10, 11, 12]).all()
    assert (cuda.from_device_like(memory, array) == array).all()
    for source in (array.tobytes(), memoryview(array), bytearray(array.tobytes()), np.asfortranarray(array.reshape(10, 10)), np.float32(7)):
        cuda.memcpy_htod(memory, source)


def test_a_pageable_source_may_be_changed_at_once():
    stream, memory, result = cuda.Stream(), cuda.mem_alloc(1 << 20), np.empty(1 << 18, np.float32)
    for value in range(5):
        array = np.full(1 << 18, value, np.float32)
        cuda.memcpy_htod_async(memory, array, stream)
        array.fill(-1)
        cuda.memcpy_dtoh_async(result, memory, stream)  # pageable: complete when the call returns
        assert (result == value).all()


def test_pagelocked_arrays_are_arrays():
    array = cuda.pagelocked_empty((3, 4), np.float16)
    assert array.shape == (3, 4) and array.dtype == np.float16 and array.flags.c_contiguous
    assert cuda.pagelocked_empty(np.int64(5), np.float32).shape == (5,)
    assert cuda.pagelocked_zeros((2, 2), np.int32).sum() == 0
    assert cuda.pagelocked_empty((2, 3), np.float32, order="F").flags.f_contiguous
    assert cuda.pagelocked_empty_like(np.zeros((2, 3), np.int8)).dtype == np.int8
    assert cuda.pagelocked_empty(0, np.float32).size == 0
    view = cuda.pagelocked_empty(6, np.float32).reshape(2, 3)  # keeps the memory
    gc.collect()
    view[:] = 1
    assert view.sum() == 6
    assert cuda.aligned_empty((5,), np.float32).ctypes.data % 4096 == 0


def test_host_memory_is_registered_and_given_back():
    array = np.arange(1024, dtype=np.float32)
    assert cuda.register_host_memory(array) is array
    memory, stream, result = cuda.mem_alloc(array.nbytes), cuda.Stream(), np.empty_like(array)
    cuda.memcpy_htod_async(memory, array, stream)
    cuda.memcpy_dtoh_async(result, memory, stream)
    stream.synchronize()
    cuda.unregister_host_memory(array)
    assert (result == array).all()
    with pytest.raises(cuda.LogicError, match="not registered"):
        cuda.unregister_host_memory(array)


def test_fills():
    memory = cuda.mem_alloc(16)
    cuda.memset_d8(memory, 7, 16)
    assert (cuda.from_device(memory, (16,), np.uint8) == 7).all()
    cuda.memset_d32(memory, 0x01020304, 4)
    assert (cuda.from_device(memory, (4,), np.uint32) == 0x01020304).all()
    stream = cuda.Stream()
    cuda.memset_d16_async(memory, 0xFFFF, 8, stream)
    stream.synchronize()
    assert (cuda.from_device(memory, (8,), np.uint16) == 0xFFFF).all()
    with pytest.raises(cuda.LogicError):
        cuda.memset_d8(memory, 0, 17)


def test_streams_and_events():
    stream, other = cuda.Stream(), cuda.Stream(cuda.stream_flags.NON_BLOCKING)
    assert stream.handle != other.handle and isinstance(stream.handle, int) and stream.is_done()
    start, end = cuda.Event(), cuda.Event()
    assert start.query()  # never recorded
    with pytest.raises(cuda.Error):
        end.time_since(start)
    assert start.record(stream) is start
    cuda.memset_d8_async(cuda.mem_alloc(1 << 22), 1, 1 << 22, stream)
    end.record(stream)
    other.wait_for_event(end)
    other.synchronize()
    assert end.synchronize() is end and end.query()
    assert 0 <= end.time_since(start) == start.time_till(end) < 10_000
    assert end.time_since(start) == -start.time_since(end)
    with pytest.raises(cuda.Error):
        timeless = cuda.Event(cuda.event_flags.DISABLE_TIMING).record(stream).synchronize()
        timeless.time_since(start)


def test_the_device_is_the_processor():
    assert cuda.Device.count() == 1
    device = cuda.Device(0)
    assert device.name() and device.total_memory() > 1 << 28 and device.compute_capability() == (0, 0)
    assert device.get_attribute(cuda.device_attribute.MULTIPROCESSOR_COUNT) >= 1 == device.integrated
    with pytest.raises(cuda.LogicError, match="device 1"):
        cuda.Device(1)


def test_contexts_are_pushed_and_popped_by_thread():
    context = cuda.Device(0).make_context()
    assert cuda.Context.get_current() is context
    seen = []

    def work():
        seen.append(cuda.Context.get_current())
        context.push()
        seen.append(cuda.Context.get_current())
        memory = cuda.to_device(np.ones(4, np.float32))
        seen.append(cuda.from_device(memory, (4,), np.float32).sum())
        context.pop()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [None, context, 4]
    cuda.Context.synchronize()
    context.pop()
    context.detach()


def test_popping_more_than_was_pushed_is_named():
    while cuda.Context.get_current() is not None:
        cuda.Context.pop()
    with pytest.raises(cuda.LogicError, match="no context"):
        cuda.Context.pop()


def test_autoinit_tools_and_gpuarray():
    import pycuda.autoinit
    import pycuda.gpuarray as gpuarray
    import pycuda.tools

    assert pycuda.autoinit.device.name() == cuda.Device(0).name() and pycuda.autoinit.context is not None
    assert pycuda.tools.make_default_context() is not None
    pool = pycuda.tools.DeviceMemoryPool()
    assert int(pool.allocate(64))
    array = gpuarray.to_gpu(np.arange(6, dtype=np.float32).reshape(2, 3))
    assert (array.get() == np.arange(6).reshape(2, 3)).all() and array.ptr == int(array.gpudata)
    assert array.reshape(3, 2).get().shape == (3, 2) and gpuarray.zeros((2, 2), np.float32).get().sum() == 0
    with pytest.raises(ValueError, match="float64"):
        array.set(np.zeros((2, 3)))


def test_kernels_are_refused_by_name():
    import pycuda.compiler

    with pytest.raises(cuda.CompileError, match="CUDA C"):
        pycuda.compiler.SourceModule("__global__ void f() {}")
    with pytest.raises(cuda.LogicError, match="kernels"):
        cuda.module_from_file("f.cubin")


def test_memory_stays_steady_over_many_allocations():
    before = cuda.mem_get_info()[0]
    for _ in range(20_000):
        cuda.mem_alloc(4096)
    gc.collect()
    assert cuda.mem_get_info()[0] == before
