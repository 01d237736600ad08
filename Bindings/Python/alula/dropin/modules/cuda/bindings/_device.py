# SPDX-License-Identifier: Apache-2.0
"""CUDA's runtime functions about the device: there is one, the CPU."""

from ctypes import byref

from alula._library import DeviceInformation, lib

from ._calls import SUCCESS, code_of, guarded
from ._values import cudaError_t


def cudaGetDeviceCount():
    return SUCCESS, 1


def cudaGetDevice():
    return SUCCESS, 0


def cudaSetDevice(device):
    return (SUCCESS if device == 0 else cudaError_t.cudaErrorInvalidDevice,)


def cudaDeviceSynchronize():
    return (code_of(lib.alula_device_synchronize(0)),)


def cudaDeviceReset():
    """Waits for everything; what was made stays usable."""
    return cudaDeviceSynchronize()


def cudaRuntimeGetVersion():
    return SUCCESS, 12090


cudaDriverGetVersion = cudaRuntimeGetVersion


def information():
    """The code of the question, and what the library says of its device."""
    answers = DeviceInformation()
    return code_of(lib.alula_device_get_information(0, byref(answers))), answers


class cudaDeviceProp:
    """What the CPU answers; compute capability 0.0, so that scripts leave out what a GPU would be needed for."""

    def __init__(self):
        answers = information()[1]
        self.name = lib.alula_device_name()
        self.totalGlobalMem = answers.memory_limit
        self.multiProcessorCount = answers.thread_count
        self.major = self.minor = 0
        self.warpSize = self.maxThreadsPerBlock = 1
        self.integrated = self.canMapHostMemory = self.unifiedAddressing = self.managedMemory = 1
        self.sharedMemPerBlock = self.clockRate = self.pciBusID = self.pciDeviceID = 0


@guarded
def cudaGetDeviceProperties(device):
    if device != 0:
        return cudaError_t.cudaErrorInvalidDevice, None
    return SUCCESS, cudaDeviceProp()


def cudaMemGetInfo():
    code, answers = information()
    return code, answers.memory_limit - answers.allocated_byte_count, answers.memory_limit
