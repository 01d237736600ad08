# SPDX-License-Identifier: Apache-2.0
"""libcudart.so, loaded by name as programs do that know CUDA only through ctypes."""

import ctypes
import pathlib
import threading
import time
from ctypes import byref, c_char, c_float, c_int, c_size_t, c_uint, c_void_p

import numpy as np
import pytest

import alula
from alula import _library

HOST_TO_HOST, HOST_TO_DEVICE, DEVICE_TO_HOST, DEVICE_TO_DEVICE, DEFAULT = range(5)
INVALID_VALUE, OUT_OF_MEMORY, INVALID_DEVICE, INVALID_HANDLE, NOT_READY = 1, 2, 101, 400, 600


@pytest.fixture(scope="module")
def cuda():
    path = pathlib.Path(_library.library_path()).with_name("libcudart.so")
    if not path.exists():
        pytest.skip("libcudart.so is not built")
    # Without argument types, as the programs it is for load it.
    library = ctypes.CDLL(str(path))
    library.cudaGetErrorString.restype = library.cudaGetErrorName.restype = ctypes.c_char_p
    return library


def _allocate(cuda, byte_count, function="cudaMalloc", *rest):
    address = c_void_p()
    assert getattr(cuda, function)(byref(address), c_size_t(byte_count), *rest) == 0
    return address


def _stream(cuda):
    stream = c_void_p()
    assert cuda.cudaStreamCreate(byref(stream)) == 0
    return stream


def _pointer(array):
    return c_void_p(array.ctypes.data)


def test_copies_there_and_back(cuda):
    source, target = np.arange(64, dtype=np.float32), np.zeros(64, np.float32)
    first, second, count = _allocate(cuda, 256), _allocate(cuda, 256), c_size_t(256)
    assert cuda.cudaMemcpy(first, _pointer(source), count, c_int(HOST_TO_DEVICE)) == 0
    assert cuda.cudaMemcpy(second, first, count, c_int(DEVICE_TO_DEVICE)) == 0
    assert cuda.cudaMemcpy(_pointer(target), second, count, c_int(DEFAULT)) == 0
    np.testing.assert_array_equal(target, source)
    assert cuda.cudaMemset(second, c_int(1), count) == 0
    assert cuda.cudaMemcpy(_pointer(target), second, count, c_int(DEVICE_TO_HOST)) == 0
    assert (target.view(np.uint8) == 1).all()
    assert cuda.cudaFree(first) == cuda.cudaFree(second) == 0
    assert cuda.cudaFree(c_void_p(0)) == 0, "how programs start CUDA"


def test_streams_and_events(cuda):
    stream, other, memory, host = _stream(cuda), _stream(cuda), _allocate(cuda, 4), _allocate(cuda, 4, "cudaMallocHost")
    start, end = c_void_p(), c_void_p()
    assert cuda.cudaEventCreate(byref(start)) == cuda.cudaEventCreateWithFlags(byref(end), c_uint(1)) == 0
    assert cuda.cudaEventRecord(start, stream) == 0
    wait = ctypes.CFUNCTYPE(None, c_void_p)(lambda _: time.sleep(0.02))
    assert cuda.cudaLaunchHostFunc(stream, wait, None) == 0
    assert cuda.cudaMemsetAsync(memory, c_int(7), c_size_t(4), stream) == 0
    assert cuda.cudaEventRecord(end, stream) == 0
    assert cuda.cudaStreamQuery(stream) == cuda.cudaEventQuery(end) == NOT_READY
    assert cuda.cudaStreamWaitEvent(other, end, c_uint(0)) == 0
    assert cuda.cudaMemcpyAsync(host, memory, c_size_t(4), c_int(DEVICE_TO_HOST), other) == 0
    assert cuda.cudaStreamSynchronize(other) == 0
    assert ctypes.string_at(host, 4) == b"\7" * 4
    assert cuda.cudaEventSynchronize(end) == cuda.cudaStreamQuery(stream) == 0
    milliseconds = c_float()
    assert cuda.cudaEventElapsedTime(byref(milliseconds), start, end) == 0
    assert 20 <= milliseconds.value < 5000
    for event in (start, end):
        assert cuda.cudaEventDestroy(event) == 0
    for made in (stream, other):
        assert cuda.cudaStreamDestroy(made) == 0
    assert cuda.cudaDeviceSynchronize() == cuda.cudaFreeHost(host) == 0


def test_handles_and_addresses_are_alulas_own(cuda, small, small_engine):
    x, y = small.input(), np.zeros((4, small.width), np.float32)
    stream, source, target = _stream(cuda), _allocate(cuda, x.nbytes), _allocate(cuda, y.nbytes)
    assert cuda.cudaMemcpyAsync(source, _pointer(x), c_size_t(x.nbytes), c_int(HOST_TO_DEVICE), stream) == 0
    borrowed = alula.Stream.default()
    borrowed._handle = stream.value
    small_engine.make_context().enqueue(borrowed, [source.value, target.value])
    assert cuda.cudaMemcpyAsync(_pointer(y), target, c_size_t(y.nbytes), c_int(DEVICE_TO_HOST), stream) == 0
    np.testing.assert_allclose(y, small.expected(x), rtol=1e-5, atol=1e-6)


def test_registered_and_managed_memory(cuda):
    array = np.full(256, 3, np.uint8)
    assert cuda.cudaHostRegister(_pointer(array), c_size_t(256), c_uint(0)) == 0
    attributes = (ctypes.c_int64 * 4)()
    assert cuda.cudaPointerGetAttributes(attributes, _pointer(array)) == 0
    assert attributes[0] & 0xFFFFFFFF == 1 and attributes[1] == attributes[2] == array.ctypes.data
    address = c_void_p()
    assert cuda.cudaHostGetDevicePointer(byref(address), _pointer(array), c_uint(0)) == 0
    assert address.value == array.ctypes.data
    assert cuda.cudaHostUnregister(_pointer(array)) == 0
    assert cuda.cudaHostUnregister(_pointer(array)) == INVALID_VALUE
    assert cuda.cudaPointerGetAttributes(attributes, _pointer(array)) == 0
    assert attributes[0] & 0xFFFFFFFF == 0
    managed = _allocate(cuda, 64, "cudaMallocManaged", c_uint(1))
    ctypes.memset(managed, 5, 64)
    copied = np.zeros(64, np.uint8)
    assert cuda.cudaMemcpy(_pointer(copied), managed, c_size_t(64), c_int(DEVICE_TO_HOST)) == 0
    assert (copied == 5).all() and cuda.cudaFree(managed) == 0


def test_memory_in_stream_order(cuda):
    stream = _stream(cuda)
    memory = _allocate(cuda, 1 << 20, "cudaMallocAsync", stream)
    assert cuda.cudaMemsetAsync(memory, c_int(1), c_size_t(1 << 20), stream) == 0
    assert cuda.cudaFreeAsync(memory, stream) == cuda.cudaStreamSynchronize(stream) == 0
    free, total = c_size_t(), c_size_t()
    assert cuda.cudaMemGetInfo(byref(free), byref(total)) == 0
    assert 0 < free.value <= total.value


def test_capture_and_replay(cuda):
    stream, first, second = _stream(cuda), _allocate(cuda, 16), _allocate(cuda, 16)
    graph, executable, status, result = c_void_p(), c_void_p(), c_int(), np.zeros(16, np.uint8)
    assert cuda.cudaStreamBeginCapture(stream, c_int(0)) == 0
    assert cuda.cudaStreamIsCapturing(stream, byref(status)) == 0 and status.value == 1
    assert cuda.cudaMemcpyAsync(second, first, c_size_t(16), c_int(DEVICE_TO_DEVICE), stream) == 0
    assert cuda.cudaStreamEndCapture(stream, byref(graph)) == 0
    assert cuda.cudaGraphInstantiate(byref(executable), graph, None, None, c_size_t(0)) == 0
    for value in (4, 9):
        assert cuda.cudaMemset(first, c_int(value), c_size_t(16)) == 0
        assert cuda.cudaGraphLaunch(executable, stream) == 0
        assert cuda.cudaMemcpyAsync(_pointer(result), second, c_size_t(16), c_int(DEVICE_TO_HOST), stream) == 0
        assert (result == value).all()
    assert cuda.cudaGraphExecDestroy(executable) == cuda.cudaGraphDestroy(graph) == 0


def test_a_thread_has_a_stream_of_its_own(cuda):
    own, memory, results = c_void_p(2), _allocate(cuda, 4), []

    def work():
        results.append(cuda.cudaMemsetAsync(memory, c_int(1), c_size_t(4), own))
        results.append(cuda.cudaStreamSynchronize(own))

    for _ in range(3):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert results == [0] * 6


def test_there_is_one_device(cuda):
    count, device, value = c_int(), c_int(9), c_int()
    assert cuda.cudaGetDeviceCount(byref(count)) == cuda.cudaGetDevice(byref(device)) == 0
    assert (count.value, device.value) == (1, 0)
    assert cuda.cudaSetDevice(c_int(0)) == 0 and cuda.cudaSetDevice(c_int(1)) == INVALID_DEVICE
    properties = (c_char * 2048)()
    assert cuda.cudaGetDeviceProperties(properties, c_int(0)) == 0
    assert properties.value.decode() == alula.default_device().name
    assert cuda.cudaDeviceGetAttribute(byref(value), c_int(16), c_int(0)) == 0
    assert value.value == alula.default_device().thread_count
    assert cuda.cudaRuntimeGetVersion(byref(value)) == 0 and value.value >= 12000


def test_errors_have_cudas_numbers_and_alulas_words(cuda):
    address, stream = c_void_p(), _stream(cuda)
    assert cuda.cudaGetLastError() in range(1000)
    assert cuda.cudaMalloc(byref(address), c_size_t(1 << 60)) == OUT_OF_MEMORY
    assert cuda.cudaPeekAtLastError() == OUT_OF_MEMORY
    assert b"memory" in cuda.cudaGetErrorString(c_int(OUT_OF_MEMORY))
    assert cuda.cudaGetLastError() == OUT_OF_MEMORY and cuda.cudaGetLastError() == 0
    assert cuda.cudaGetErrorName(c_int(OUT_OF_MEMORY)) == b"cudaErrorMemoryAllocation"
    assert cuda.cudaGetErrorString(c_int(0)) == b"no error"
    assert cuda.cudaStreamDestroy(stream) == 0
    for call in (cuda.cudaStreamDestroy, cuda.cudaStreamSynchronize, cuda.cudaStreamQuery, cuda.cudaEventSynchronize):
        assert call(stream) == INVALID_HANDLE
    memory = _allocate(cuda, 16)
    assert cuda.cudaMemcpy(memory, memory, c_size_t(16), c_int(7)) == INVALID_VALUE
    assert cuda.cudaMemcpy(memory, c_void_p(4096), c_size_t(16), c_int(DEVICE_TO_DEVICE)) == INVALID_VALUE
    host = np.zeros(64, np.uint8)
    assert cuda.cudaMemcpy(memory, _pointer(host), c_size_t(64), c_int(HOST_TO_DEVICE)) == INVALID_VALUE
    assert cuda.cudaFree(memory) == 0 and cuda.cudaFree(memory) == INVALID_VALUE
    assert b"freed" in cuda.cudaGetErrorString(c_int(INVALID_VALUE))
