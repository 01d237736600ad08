// SPDX-License-Identifier: Apache-2.0
// One device, number 0: the CPU that alula_device_default() gives.
#include "cudart.h"

#include <stdio.h>
#include <string.h>

enum { runtimeVersion = 12000 };

EXPORT cudaError_t cudaRuntimeGetVersion(int *version) {
    if (!version) return cudartReport(cudaErrorInvalidValue);
    *version = runtimeVersion;
    return cudaSuccess;
}

EXPORT cudaError_t cudaDriverGetVersion(int *version) { return cudaRuntimeGetVersion(version); }

EXPORT cudaError_t cudaGetDeviceCount(int *count) {
    if (!count) return cudartReport(cudaErrorInvalidValue);
    *count = 1;
    return cudaSuccess;
}

EXPORT cudaError_t cudaGetDevice(int *device) {
    if (!device) return cudartReport(cudaErrorInvalidValue);
    *device = 0;
    return cudaSuccess;
}

static cudaError_t checkDevice(int device) {
    return device == 0 ? cudaSuccess : cudartReport(cudaErrorInvalidDevice);
}

EXPORT cudaError_t cudaSetDevice(int device) { return checkDevice(device); }

EXPORT cudaError_t cudaInitDevice(int device, unsigned deviceFlags, unsigned flags) {
    (void)deviceFlags, (void)flags;
    return checkDevice(device);
}

/// Every way of waiting is fine: the flags choose between them.
EXPORT cudaError_t cudaSetDeviceFlags(unsigned flags) {
    (void)flags;
    return cudaSuccess;
}

EXPORT cudaError_t cudaDeviceSynchronize(void) {
    return cudartStatus(alula_device_synchronize((alula_device){0}), REFUSED_VALUE);
}

/// Waits only: Alula's objects belong to whoever made them.
EXPORT cudaError_t cudaDeviceReset(void) { return cudaDeviceSynchronize(); }

/// Lower goes first, and any number is taken.
EXPORT cudaError_t cudaDeviceGetStreamPriorityRange(int *least, int *greatest) {
    if (least) *least = 0;
    if (greatest) *greatest = -5;
    return cudaSuccess;
}

EXPORT cudaError_t cudaDeviceGetPCIBusId(char *text, int length, int device) {
    if (!text || length < 1) return cudartReport(cudaErrorInvalidValue);
    snprintf(text, (size_t)length, "%s", "0000:00:00.0");
    return checkDevice(device);
}

EXPORT cudaError_t cudaDeviceCanAccessPeer(int *canAccess, int device, int peer) {
    if (!canAccess) return cudartReport(cudaErrorInvalidValue);
    *canAccess = 0;
    return device == 0 && peer == 0 ? cudaSuccess : cudartReport(cudaErrorInvalidDevice);
}

// MARK: - Properties

/// The attributes that mean something on a CPU, with CUDA's numbers.
enum {
    multiProcessorCount = 16,
    integrated = 18,
    canMapHostMemory = 19,
    concurrentKernels = 31,
    unifiedAddressing = 41,
    streamPrioritiesSupported = 78,
    managedMemory = 83,
    pageableMemoryAccess = 88,
    hostRegisterSupported = 99,
    memoryPoolsSupported = 115,
    lastAttribute = 127,
};

static cudaError_t information(alula_device_information *values) {
    return cudartStatus(alula_device_get_information((alula_device){0}, values), REFUSED_VALUE);
}

/// Attributes of GPUs alone, the compute capability among them, are 0.
EXPORT cudaError_t cudaDeviceGetAttribute(int *value, int attribute, int device) {
    if (!value || attribute < 1 || attribute > lastAttribute) return cudartReport(cudaErrorInvalidValue);
    if (checkDevice(device)) return cudaErrorInvalidDevice;
    alula_device_information values;
    cudaError_t error = information(&values);
    if (error) return error;
    switch (attribute) {
    case multiProcessorCount: *value = values.thread_count; break;
    case concurrentKernels: *value = values.team_count > 1; break;
    case integrated:
    case canMapHostMemory:
    case unifiedAddressing:
    case streamPrioritiesSupported:
    case managedMemory:
    case hostRegisterSupported:
    case memoryPoolsSupported: *value = 1; break;
    case pageableMemoryAccess: // Ordinary host memory must be registered first.
    default: *value = 0;
    }
    return cudaSuccess;
}

/// The leading members of cudaDeviceProp, which all versions of CUDA share; what follows them is left alone, since its length
/// depends on the version a program was written for.
typedef struct {
    char name[256];
    char uuid[16];
    char luid[8];
    unsigned luidDeviceNodeMask;
    size_t totalGlobalMem;
    size_t sharedMemPerBlock;
    int regsPerBlock;
    int warpSize;
    size_t memPitch;
    int maxThreadsPerBlock;
    int maxThreadsDim[3];
    int maxGridSize[3];
    int clockRate;
    size_t totalConstMem;
    int major;
    int minor;
    size_t textureAlignment;
    size_t texturePitchAlignment;
    int deviceOverlap;
    int multiProcessorCount;
    int kernelExecTimeoutEnabled;
    int integrated;
    int canMapHostMemory;
} cudaDeviceProp;

EXPORT cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device) {
    if (!properties) return cudartReport(cudaErrorInvalidValue);
    if (checkDevice(device)) return cudaErrorInvalidDevice;
    alula_device_information values;
    cudaError_t error = information(&values);
    if (error) return error;
    memset(properties, 0, sizeof *properties);
    snprintf(properties->name, sizeof properties->name, "%s", alula_device_name());
    properties->totalGlobalMem = (size_t)values.memory_limit;
    properties->deviceOverlap = 1;
    properties->multiProcessorCount = values.thread_count;
    properties->integrated = 1;
    properties->canMapHostMemory = 1;
    return cudaSuccess;
}

/// The name CUDA 12 gives cudaGetDeviceProperties in its headers.
EXPORT cudaError_t cudaGetDeviceProperties_v2(cudaDeviceProp *properties, int device) {
    return cudaGetDeviceProperties(properties, device);
}

// MARK: - Profiler ranges: Alula's traces are always there.

EXPORT cudaError_t cudaProfilerStart(void) { return cudaSuccess; }

EXPORT cudaError_t cudaProfilerStop(void) { return cudaSuccess; }
