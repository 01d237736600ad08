# SPDX-License-Identifier: Apache-2.0
"""cuda-python's interface: tuples that begin with a code."""

import ctypes

import numpy as np
import pytest
from cuda.bindings import driver, runtime

KIND = runtime.cudaMemcpyKind


def ok(result):
    """The values of a call that has to succeed."""
    code, *values = result
    assert int(code) == 0, (code, runtime.cudaGetErrorString(int(code)))
    return values[0] if len(values) == 1 else tuple(values)


def test_the_older_names_are_the_same():
    from cuda import cuda, cudart

    assert cudart.cudaMalloc is runtime.cudaMalloc and cuda.cuMemAlloc is driver.cuMemAlloc


def test_copies_take_arrays_memoryviews_and_numbers():
    array, result = np.arange(64, dtype=np.float32), np.zeros(64, np.float32)
    stream = ok(runtime.cudaStreamCreate())
    memory = ok(runtime.cudaMalloc(array.nbytes))
    for source, target in ((array, result), (array.data, result.data), (array.ctypes.data, result.ctypes.data)):
        result.fill(0)
        ok(runtime.cudaMemcpyAsync(memory, source, array.nbytes, KIND.cudaMemcpyHostToDevice, stream))
        ok(runtime.cudaMemcpyAsync(target, memory, array.nbytes, KIND.cudaMemcpyDeviceToHost, stream))
        ok(runtime.cudaStreamSynchronize(stream))
        assert (result == array).all()
    ok(runtime.cudaFree(memory))
    ok(runtime.cudaStreamDestroy(stream))


def test_pinned_memory_as_the_samples_wrap_it():
    address = ok(runtime.cudaMallocHost(256))
    pointer = ctypes.POINTER(np.ctypeslib.as_ctypes_type(np.dtype(np.float32)))
    array = np.ctypeslib.as_array(ctypes.cast(address, pointer), (64,))
    array[:] = 3
    memory = ok(runtime.cudaMalloc(256))
    ok(runtime.cudaMemcpy(memory, address, 256, KIND.cudaMemcpyHostToDevice))
    array[:] = 0
    ok(runtime.cudaMemcpy(array, memory, 256, KIND.cudaMemcpyDeviceToHost))
    assert (array == 3).all()
    attributes = ok(runtime.cudaPointerGetAttributes(address))
    assert attributes.type == runtime.cudaMemoryType.cudaMemoryTypeHost
    assert ok(runtime.cudaPointerGetAttributes(memory)).type == runtime.cudaMemoryType.cudaMemoryTypeDevice
    ok(runtime.cudaFreeHost(address))


@pytest.mark.parametrize("call", [
    lambda: runtime.cudaFree(0x1000),
    lambda: runtime.cudaMemcpy(0x1000, np.zeros(4, np.float32), 16, KIND.cudaMemcpyHostToDevice),
    lambda: runtime.cudaMemcpy(ok(runtime.cudaMalloc(16)), np.zeros(2, np.float32), 16, KIND.cudaMemcpyHostToDevice),
    lambda: runtime.cudaMemcpy(ok(runtime.cudaMalloc(16)), np.zeros(9, np.float32), 36, KIND.cudaMemcpyHostToDevice),
    lambda: runtime.cudaMemcpy(ok(runtime.cudaMalloc(64)), np.zeros((4, 8), np.float32)[:, ::2], 64, 1),
    lambda: runtime.cudaMemcpy(ok(runtime.cudaMalloc(16)), "text", 16, 1),
    lambda: runtime.cudaStreamSynchronize(4711),
    lambda: runtime.cudaEventQuery(4711),
    lambda: runtime.cudaMalloc("many"),
])
def test_what_is_wrong_is_a_code_with_a_sentence(call):
    code = call()[0]
    assert code != 0 and runtime.cudaPeekAtLastError() == (code,)
    assert len(runtime.cudaGetErrorString(code)[1]) > 20 and runtime.cudaGetErrorName(code)[1].startswith(b"cudaError")
    assert runtime.cudaGetLastError() == (code,) and runtime.cudaGetLastError() == (0,)


def test_streams_events_and_stream_ordered_memory():
    stream = ok(runtime.cudaStreamCreateWithFlags(runtime.cudaStreamNonBlocking))
    start, end = ok(runtime.cudaEventCreate()), ok(runtime.cudaEventCreate())
    ok(runtime.cudaEventRecord(start, stream))
    memory = ok(runtime.cudaMallocAsync(1 << 16, stream))
    ok(runtime.cudaMemsetAsync(memory, 5, 1 << 16, stream))
    result = np.zeros(1 << 16, np.uint8)
    ok(runtime.cudaMemcpyAsync(result, memory, 1 << 16, KIND.cudaMemcpyDeviceToHost, stream))
    ok(runtime.cudaFreeAsync(memory, stream))
    ok(runtime.cudaEventRecord(end, stream))
    ok(runtime.cudaEventSynchronize(end))
    assert (result == 5).all() and ok(runtime.cudaEventElapsedTime(start, end)) >= 0
    other = ok(runtime.cudaStreamCreateWithPriority(0, -1))
    ok(runtime.cudaStreamWaitEvent(other, end, 0))
    assert runtime.cudaStreamQuery(other)[0] in (0, 600)
    assert ok(runtime.cudaStreamGetPriority(other)) == -1 and ok(runtime.cudaStreamGetFlags(stream)) == 1
    assert isinstance(stream, int) and ctypes.c_uint64.from_address(stream.getPtr()).value == int(stream)


def test_host_functions_run_in_stream_order():
    stream, seen = ok(runtime.cudaStreamCreate()), []
    function = runtime.cudaHostFn_t(lambda user: seen.append(user))
    ok(runtime.cudaLaunchHostFunc(stream, function, 7))
    ok(runtime.cudaStreamSynchronize(stream))
    assert seen == [7]


def test_the_device():
    assert ok(runtime.cudaGetDeviceCount()) == 1 and ok(runtime.cudaGetDevice()) == 0
    assert runtime.cudaSetDevice(0) == (0,) and runtime.cudaSetDevice(1) == (101,)
    properties = ok(runtime.cudaGetDeviceProperties(0))
    assert properties.name and (properties.major, properties.minor) == (0, 0)
    free, total = ok(runtime.cudaMemGetInfo())
    assert 0 < free <= total


def test_the_driver():
    ok(driver.cuInit(0))
    device = ok(driver.cuDeviceGet(0))
    context = ok(driver.cuCtxCreate(0, device))
    ok(driver.cuCtxSetCurrent(context))
    assert ok(driver.cuDeviceGetName(64, device))
    stream, memory = ok(driver.cuStreamCreate(0)), ok(driver.cuMemAlloc(64))
    array, result = np.arange(16, dtype=np.float32), np.zeros(16, np.float32)
    ok(driver.cuMemcpyHtoDAsync(memory, array.ctypes.data, 64, stream))
    ok(driver.cuMemcpyDtoHAsync(result.ctypes.data, memory, 64, stream))
    ok(driver.cuStreamSynchronize(stream))
    assert (result == array).all()
    ok(driver.cuMemFree(memory))
    code = driver.cuMemFree(memory)[0]
    assert code == driver.CUresult.CUDA_ERROR_INVALID_VALUE and isinstance(code, driver.CUresult)
    assert driver.cuGetErrorName(code)[1] == b"CUDA_ERROR_INVALID_VALUE"
    assert driver.cuDeviceGet(1)[0] == driver.CUresult.CUDA_ERROR_INVALID_DEVICE
    assert driver.cuModuleLoadData(b"")[0] == driver.CUresult.CUDA_ERROR_NOT_SUPPORTED
    assert b"kernels" in driver.cuGetErrorString(driver.CUresult.CUDA_ERROR_NOT_SUPPORTED)[1]
    ok(driver.cuCtxDestroy(context))


def test_the_compiler_is_refused():
    from cuda import nvrtc

    with pytest.raises(NotImplementedError, match="CUDA C"):
        nvrtc.nvrtcCreateProgram(b"", b"", 0, [], [])
