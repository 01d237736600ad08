# SPDX-License-Identifier: Apache-2.0
"""The functions of CUDA's driver that inference code uses. Each returns a tuple that begins with an error code.

They are the runtime's under other names; modules and kernels are refused, since a CPU does not run them.
"""

import enum

from alula._library import lib

from . import runtime as _runtime
from ._calls import explain, refuse
from ._values import CUresult, Handle, address, number  # noqa: F401  names of the interface

_KIND = _runtime.cudaMemcpyKind


def _named(name, function):
    """A function of the runtime under the driver's name, with the driver's codes."""

    def call(*arguments, **named):
        code, *results = function(*arguments, **named)
        return (CUresult(int(code)), *results)

    call.__name__ = name
    call.__doc__ = f"As ``{function.__name__}``."
    return call


class CUdevice(Handle):
    pass


class CUcontext(Handle):
    pass


class CUdeviceptr(Handle):
    pass


class CUstream(Handle):
    pass


class CUevent(Handle):
    pass


class CUdevice_attribute(enum.IntEnum):
    CU_DEVICE_ATTRIBUTE_WARP_SIZE = 10
    CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16
    CU_DEVICE_ATTRIBUTE_INTEGRATED = 18
    CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING = 41
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76


class CUctx_flags(enum.IntFlag):
    CU_CTX_SCHED_AUTO, CU_CTX_SCHED_SPIN, CU_CTX_SCHED_YIELD, CU_CTX_SCHED_BLOCKING_SYNC = 0, 1, 2, 4
    CU_CTX_MAP_HOST = 8


class CUstream_flags(enum.IntFlag):
    CU_STREAM_DEFAULT, CU_STREAM_NON_BLOCKING = 0, 1


class CUevent_flags(enum.IntFlag):
    CU_EVENT_DEFAULT, CU_EVENT_BLOCKING_SYNC, CU_EVENT_DISABLE_TIMING = 0, 1, 2


_SUCCESS = CUresult.CUDA_SUCCESS
_THE_CONTEXT = CUcontext(1)

# Errors, device, contexts


def cuGetErrorName(error):
    return _SUCCESS, CUresult(error).name.encode()


def cuGetErrorString(error):
    return _SUCCESS, explain(CUresult(error).name, int(error)).encode()


def cuInit(Flags):
    return (_SUCCESS,)


def cuDriverGetVersion():
    return _SUCCESS, 12090


def cuDeviceGetCount():
    return _SUCCESS, 1


def cuDeviceGet(ordinal):
    if ordinal != 0:
        return refuse(CUresult.CUDA_ERROR_INVALID_DEVICE, f"cuDeviceGet: got device {ordinal}, expected 0"), None
    return _SUCCESS, CUdevice(0)


def cuDeviceGetName(length, dev):
    return _SUCCESS, lib.alula_device_name()[: max(0, length - 1)] + b"\0"


def cuDeviceTotalMem(dev):
    code, _, total = _runtime.cudaMemGetInfo()
    return CUresult(int(code)), total


def cuDeviceGetAttribute(attrib, dev):
    properties = _runtime.cudaDeviceProp()
    answers = {10: 1, 16: properties.multiProcessorCount, 18: 1, 41: 1}
    return _SUCCESS, answers.get(int(attrib), 0)


def cuDeviceComputeCapability(dev):
    return _SUCCESS, 0, 0


def cuCtxCreate(*arguments):
    """The one context there is; every thread can use everything without it."""
    return _SUCCESS, _THE_CONTEXT


cuCtxCreate_v2 = cuCtxCreate


def cuDevicePrimaryCtxRetain(dev):
    return _SUCCESS, _THE_CONTEXT


def cuCtxGetCurrent():
    return _SUCCESS, _THE_CONTEXT


def cuCtxPopCurrent():
    return _SUCCESS, _THE_CONTEXT


def cuCtxGetDevice():
    return _SUCCESS, CUdevice(0)


def cuCtxSetCurrent(ctx):
    """Book-keeping of CUDA's; no effect."""
    return (_SUCCESS,)


cuCtxPushCurrent = cuCtxDestroy = cuDevicePrimaryCtxRelease = cuCtxSetCurrent
cuCtxSynchronize = _named("cuCtxSynchronize", _runtime.cudaDeviceSynchronize)

# Memory

cuMemGetInfo = _named("cuMemGetInfo", _runtime.cudaMemGetInfo)
cuMemAlloc = _named("cuMemAlloc", _runtime.cudaMalloc)
cuMemAllocManaged = _named("cuMemAllocManaged", _runtime.cudaMallocManaged)
cuMemAllocAsync = _named("cuMemAllocAsync", _runtime.cudaMallocAsync)
cuMemFree = _named("cuMemFree", _runtime.cudaFree)
cuMemFreeAsync = _named("cuMemFreeAsync", _runtime.cudaFreeAsync)
cuMemAllocHost = _named("cuMemAllocHost", _runtime.cudaMallocHost)
cuMemHostAlloc = _named("cuMemHostAlloc", _runtime.cudaHostAlloc)
cuMemFreeHost = _named("cuMemFreeHost", _runtime.cudaFreeHost)
cuMemHostRegister = _named("cuMemHostRegister", _runtime.cudaHostRegister)
cuMemHostUnregister = _named("cuMemHostUnregister", _runtime.cudaHostUnregister)


def _copy(name, kind):
    copy, copy_async = _named(name, _runtime.cudaMemcpy), _named(f"{name}Async", _runtime.cudaMemcpyAsync)

    def call(dst, src, ByteCount):
        return copy(dst, src, ByteCount, kind)

    def call_async(dst, src, ByteCount, hStream=0):
        return copy_async(dst, src, ByteCount, kind, hStream)

    call.__name__, call_async.__name__ = name, f"{name}Async"
    return call, call_async


cuMemcpyHtoD, cuMemcpyHtoDAsync = _copy("cuMemcpyHtoD", _KIND.cudaMemcpyHostToDevice)
cuMemcpyDtoH, cuMemcpyDtoHAsync = _copy("cuMemcpyDtoH", _KIND.cudaMemcpyDeviceToHost)
cuMemcpyDtoD, cuMemcpyDtoDAsync = _copy("cuMemcpyDtoD", _KIND.cudaMemcpyDeviceToDevice)
cuMemcpy, cuMemcpyAsync = _copy("cuMemcpy", _KIND.cudaMemcpyDefault)
cuMemsetD8 = _named("cuMemsetD8", _runtime.cudaMemset)
cuMemsetD8Async = _named("cuMemsetD8Async", _runtime.cudaMemsetAsync)

# Streams, events, capture

for _driver_name, _runtime_name in {
    "cuStreamCreate": "cudaStreamCreateWithFlags", "cuStreamCreateWithPriority": "cudaStreamCreateWithPriority",
    "cuStreamDestroy": "cudaStreamDestroy", "cuStreamSynchronize": "cudaStreamSynchronize",
    "cuStreamQuery": "cudaStreamQuery", "cuStreamWaitEvent": "cudaStreamWaitEvent",
    "cuStreamGetFlags": "cudaStreamGetFlags", "cuStreamGetPriority": "cudaStreamGetPriority",
    "cuStreamBeginCapture": "cudaStreamBeginCapture", "cuStreamEndCapture": "cudaStreamEndCapture",
    "cuStreamIsCapturing": "cudaStreamIsCapturing", "cuLaunchHostFunc": "cudaLaunchHostFunc",
    "cuEventCreate": "cudaEventCreateWithFlags", "cuEventDestroy": "cudaEventDestroy",
    "cuEventRecord": "cudaEventRecord", "cuEventSynchronize": "cudaEventSynchronize",
    "cuEventQuery": "cudaEventQuery", "cuEventElapsedTime": "cudaEventElapsedTime",
    "cuGraphInstantiate": "cudaGraphInstantiate", "cuGraphLaunch": "cudaGraphLaunch",
    "cuGraphDestroy": "cudaGraphDestroy", "cuGraphExecDestroy": "cudaGraphExecDestroy",
}.items():
    globals()[_driver_name] = _named(_driver_name, getattr(_runtime, _runtime_name))


def _kernel(name):
    def call(*_, **__):
        return refuse(CUresult.CUDA_ERROR_NOT_SUPPORTED, f"{name}: CUDA kernels do not run on a CPU"), None

    call.__name__ = name
    call.__doc__ = "Refused: CUDA kernels do not run on a CPU."
    return call


for _driver_name in ("cuModuleLoad", "cuModuleLoadData", "cuModuleGetFunction", "cuLaunchKernel", "cuLibraryLoadData"):
    globals()[_driver_name] = _kernel(_driver_name)
