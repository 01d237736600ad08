# SPDX-License-Identifier: Apache-2.0
"""CUDA's runtime functions over Alula. Each returns a tuple that begins with an error code; bad arguments are codes too.

What a code is about: ``cudaGetErrorString`` has the library's sentence for the last failure of the thread.
"""

from ._calls import (
    cudaGetErrorName, cudaGetErrorString, cudaGetLastError, cudaPeekAtLastError,
)
from ._device import (
    cudaDeviceProp, cudaDeviceReset, cudaDeviceSynchronize, cudaDriverGetVersion, cudaGetDevice, cudaGetDeviceCount,
    cudaGetDeviceProperties, cudaMemGetInfo, cudaRuntimeGetVersion, cudaSetDevice,
)
from ._memory import (
    cudaFree, cudaFreeAsync, cudaFreeHost, cudaHostAlloc, cudaHostGetDevicePointer, cudaHostRegister,
    cudaHostUnregister, cudaMalloc, cudaMallocAsync, cudaMallocHost, cudaMallocManaged, cudaMemAttachGlobal,
    cudaMemAttachHost, cudaMemcpy, cudaMemcpyAsync, cudaMemset, cudaMemsetAsync, cudaPointerAttributes,
    cudaPointerGetAttributes,
)
from ._streams import (
    cudaDeviceGetStreamPriorityRange, cudaEventBlockingSync, cudaEventCreate, cudaEventCreateWithFlags,
    cudaEventDefault, cudaEventDestroy, cudaEventDisableTiming, cudaEventElapsedTime, cudaEventInterprocess,
    cudaEventQuery, cudaEventRecord, cudaEventSynchronize, cudaGraphDestroy, cudaGraphExecDestroy,
    cudaGraphInstantiate, cudaGraphLaunch, cudaHostFn_t, cudaLaunchHostFunc, cudaProfilerStart, cudaProfilerStop,
    cudaStreamBeginCapture, cudaStreamCreate, cudaStreamCreateWithFlags, cudaStreamCreateWithPriority,
    cudaStreamDefault, cudaStreamDestroy, cudaStreamEndCapture, cudaStreamGetFlags, cudaStreamGetPriority,
    cudaStreamIsCapturing, cudaStreamLegacy, cudaStreamNonBlocking, cudaStreamPerThread, cudaStreamQuery,
    cudaStreamSynchronize, cudaStreamWaitEvent,
)
from ._values import (
    cudaError_t, cudaEvent_t, cudaGraphExec_t, cudaGraph_t, cudaMemcpyKind, cudaMemoryType, cudaStreamCaptureMode,
    cudaStreamCaptureStatus, cudaStream_t,
)

cudaHostAllocDefault, cudaHostAllocPortable, cudaHostAllocMapped, cudaHostAllocWriteCombined = 0, 1, 2, 4
cudaHostRegisterDefault, cudaHostRegisterPortable, cudaHostRegisterMapped = 0, 1, 2
