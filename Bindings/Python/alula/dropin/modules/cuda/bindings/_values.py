# SPDX-License-Identifier: Apache-2.0
"""CUDA's numbers, and how arguments become addresses and handles."""

import ctypes
import enum
import operator

import numpy as np


class cudaError_t(enum.IntEnum):
    """CUDA's error codes that can occur here."""

    cudaSuccess = 0
    cudaErrorInvalidValue = 1
    cudaErrorMemoryAllocation = 2
    cudaErrorInitializationError = 3
    cudaErrorInvalidDevicePointer = 17
    cudaErrorInvalidMemcpyDirection = 21
    cudaErrorNoDevice = 100
    cudaErrorInvalidDevice = 101
    cudaErrorInvalidResourceHandle = 400
    cudaErrorIllegalState = 401
    cudaErrorNotReady = 600
    cudaErrorLaunchFailure = 719
    cudaErrorNotPermitted = 800
    cudaErrorNotSupported = 801
    cudaErrorUnknown = 999


class CUresult(enum.IntEnum):
    """The driver's error codes that can occur here."""

    CUDA_SUCCESS = 0
    CUDA_ERROR_INVALID_VALUE = 1
    CUDA_ERROR_OUT_OF_MEMORY = 2
    CUDA_ERROR_NOT_INITIALIZED = 3
    CUDA_ERROR_NO_DEVICE = 100
    CUDA_ERROR_INVALID_DEVICE = 101
    CUDA_ERROR_INVALID_CONTEXT = 201
    CUDA_ERROR_INVALID_HANDLE = 400
    CUDA_ERROR_ILLEGAL_STATE = 401
    CUDA_ERROR_NOT_READY = 600
    CUDA_ERROR_LAUNCH_FAILED = 719
    CUDA_ERROR_NOT_PERMITTED = 800
    CUDA_ERROR_NOT_SUPPORTED = 801
    CUDA_ERROR_UNKNOWN = 999


#: CUDA's codes by ``alula_status``; all that is not here is unknown.
CODES = {0: 0, 3: 1, 4: 1, 5: 2, 6: 3, 7: 719, 8: 719, 9: 401, 10: 801, 11: 600, 12: 800}


class cudaMemcpyKind(enum.IntEnum):
    cudaMemcpyHostToHost, cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice, cudaMemcpyDefault = (
        range(5)
    )


class cudaMemoryType(enum.IntEnum):
    cudaMemoryTypeUnregistered, cudaMemoryTypeHost, cudaMemoryTypeDevice, cudaMemoryTypeManaged = range(4)


class cudaStreamCaptureMode(enum.IntEnum):
    cudaStreamCaptureModeGlobal, cudaStreamCaptureModeThreadLocal, cudaStreamCaptureModeRelaxed = range(3)


class cudaStreamCaptureStatus(enum.IntEnum):
    cudaStreamCaptureStatusNone, cudaStreamCaptureStatusActive, cudaStreamCaptureStatusInvalidated = range(3)


class Handle(int):
    """The number of an object."""

    def getPtr(self):
        """The address of a place that holds the number, as C would pass it; valid as long as this object."""
        place = self.__dict__.setdefault("_place", ctypes.c_uint64(int(self)))
        return ctypes.addressof(place)


class cudaStream_t(Handle):
    pass


class cudaEvent_t(Handle):
    pass


class cudaGraph_t(Handle):
    pass


class cudaGraphExec_t(Handle):
    pass


def number(value):
    """The number of a handle; 0 for None."""
    if value is None:
        return 0
    return operator.index(value) if hasattr(value, "__index__") else int(value)


def address(value, byte_count=0):
    """The address an argument means: a number, a handle, a ctypes pointer, or a buffer of at least ``byte_count``."""
    if value is None:
        return 0
    if isinstance(value, np.ndarray):
        if not (value.flags.c_contiguous or value.flags.f_contiguous):
            raise ValueError(f"array is not contiguous: got strides {value.strides} for shape {value.shape}")
        _check_size(value.nbytes, byte_count)
        return value.ctypes.data
    if isinstance(value, ctypes.c_void_p):
        return value.value or 0
    if hasattr(value, "__index__"):
        return operator.index(value)
    if hasattr(value, "__int__"):
        return int(value)
    view = np.frombuffer(value, np.uint8)
    _check_size(view.nbytes, byte_count)
    return view.ctypes.data


def _check_size(available, needed):
    if needed > available:
        raise ValueError(f"buffer is short: got {available} bytes, expected at least {needed}")
