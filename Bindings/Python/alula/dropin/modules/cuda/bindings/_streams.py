# SPDX-License-Identifier: Apache-2.0
"""CUDA's runtime functions about streams, events, capture and replay."""

from ctypes import CFUNCTYPE, byref, c_bool, c_double, c_int32, c_uint32, c_void_p

from alula._library import EVENT_BLOCKING, EVENT_NO_TIMING, STREAM_NON_BLOCKING, HostFunction, lib

from ._calls import SUCCESS, code_of, guarded, made
from ._values import (
    address, cudaEvent_t, cudaGraph_t, cudaGraphExec_t, cudaStream_t, cudaStreamCaptureMode, cudaStreamCaptureStatus,
    number,
)

cudaEventDefault, cudaEventBlockingSync, cudaEventDisableTiming, cudaEventInterprocess = 0, 1, 2, 4
cudaStreamDefault, cudaStreamNonBlocking = 0, 1
cudaStreamLegacy, cudaStreamPerThread = cudaStream_t(1), cudaStream_t(2)


@guarded
def cudaStreamCreate():
    return made(lib.alula_stream_create, cudaStream_t, 0, 0, 0, None)


@guarded
def cudaStreamCreateWithFlags(flags):
    return cudaStreamCreateWithPriority(flags, 0)


@guarded
def cudaStreamCreateWithPriority(flags, priority):
    native = STREAM_NON_BLOCKING if flags & cudaStreamNonBlocking else 0
    return made(lib.alula_stream_create, cudaStream_t, 0, priority, native, None)


def cudaDeviceGetStreamPriorityRange():
    return SUCCESS, 0, -5


@guarded
def cudaStreamDestroy(stream):
    return (code_of(lib.alula_stream_destroy(number(stream))),)


@guarded
def cudaStreamSynchronize(stream):
    return (code_of(lib.alula_stream_synchronize(number(stream))),)


@guarded
def cudaStreamQuery(stream):
    return (code_of(lib.alula_stream_query(number(stream))),)


@guarded
def cudaStreamWaitEvent(stream, event, flags=0):
    return (code_of(lib.alula_stream_wait(number(stream), number(event))),)


@guarded
def cudaStreamGetFlags(stream):
    flags, priority = c_uint32(), c_int32()
    code = code_of(lib.alula_stream_get_flags(number(stream), byref(flags), byref(priority)))
    return code, flags.value


@guarded
def cudaStreamGetPriority(stream):
    flags, priority = c_uint32(), c_int32()
    code = code_of(lib.alula_stream_get_flags(number(stream), byref(flags), byref(priority)))
    return code, priority.value


cudaHostFn_t = CFUNCTYPE(None, c_void_p)


@guarded
def cudaLaunchHostFunc(stream, fn, userData=None):
    """Calls a C function, by address or as a ctypes callback, in stream order."""
    function = HostFunction(address(fn)) if not callable(fn) else fn
    return (code_of(lib.alula_stream_call(number(stream), function, address(userData))),)


# Events

@guarded
def cudaEventCreate():
    return made(lib.alula_event_create, cudaEvent_t, 0)


@guarded
def cudaEventCreateWithFlags(flags):
    native = (EVENT_BLOCKING if flags & cudaEventBlockingSync else 0) | (
        EVENT_NO_TIMING if flags & cudaEventDisableTiming else 0
    )
    return made(lib.alula_event_create, cudaEvent_t, native)


@guarded
def cudaEventDestroy(event):
    return (code_of(lib.alula_event_destroy(number(event))),)


@guarded
def cudaEventRecord(event, stream=0):
    return (code_of(lib.alula_stream_record(number(stream), number(event))),)


@guarded
def cudaEventSynchronize(event):
    return (code_of(lib.alula_event_synchronize(number(event))),)


@guarded
def cudaEventQuery(event):
    return (code_of(lib.alula_event_query(number(event))),)


@guarded
def cudaEventElapsedTime(start, end):
    milliseconds = c_double()
    code = code_of(lib.alula_event_elapsed(number(start), number(end), byref(milliseconds)))
    return code, milliseconds.value


# Capture and replay

@guarded
def cudaStreamBeginCapture(stream, mode=cudaStreamCaptureMode.cudaStreamCaptureModeGlobal):
    return (code_of(lib.alula_stream_begin_capture(number(stream))),)


@guarded
def cudaStreamEndCapture(stream):
    return made(lib.alula_stream_end_capture, cudaGraph_t, number(stream))


@guarded
def cudaStreamIsCapturing(stream):
    flag = c_bool()
    code = code_of(lib.alula_stream_is_capturing(number(stream), byref(flag)))
    return code, cudaStreamCaptureStatus(int(flag.value))


@guarded
def cudaGraphInstantiate(graph, flags=0, *_):
    return made(lib.alula_graph_instantiate, cudaGraphExec_t, number(graph))


@guarded
def cudaGraphLaunch(graphExec, stream):
    return (code_of(lib.alula_graph_launch(number(graphExec), number(stream))),)


@guarded
def cudaGraphDestroy(graph):
    return (code_of(lib.alula_graph_destroy(number(graph))),)


@guarded
def cudaGraphExecDestroy(graphExec):
    return (code_of(lib.alula_graph_exec_destroy(number(graphExec))),)


def cudaProfilerStart():
    """No effect: use an ``IProfiler``, or ``alula bench --profile-layers``."""
    return (SUCCESS,)


cudaProfilerStop = cudaProfilerStart
