// SPDX-License-Identifier: Apache-2.0
// Memory of the CUDA runtime over Alula's: addresses are the same numbers.
#include "cudart.h"

static const alula_device device = {ALULA_DEFAULT};

static cudaError_t allocate(void **address, size_t byteCount, alula_memory_kind kind) {
    if (!address) return cudartReport(cudaErrorInvalidValue);
    if (byteCount == 0) {
        *address = NULL;
        return cudaSuccess;
    }
    return cudartStatus(alula_allocate(device, kind, byteCount, address), REFUSED_VALUE);
}

/// Freeing nothing is fine, and what programs do to start CUDA.
static cudaError_t release(void *address) {
    return address ? cudartStatus(alula_free(device, address), REFUSED_VALUE) : cudaSuccess;
}

EXPORT cudaError_t cudaMalloc(void **address, size_t byteCount) {
    return allocate(address, byteCount, ALULA_MEMORY_DEVICE);
}

/// CUDA waits here for the whole device; Alula's work in flight keeps what it uses instead.
EXPORT cudaError_t cudaFree(void *address) { return release(address); }

EXPORT cudaError_t cudaMallocHost(void **address, size_t byteCount) {
    return allocate(address, byteCount, ALULA_MEMORY_PINNED);
}

EXPORT cudaError_t cudaHostAlloc(void **address, size_t byteCount, unsigned flags) {
    (void)flags; // Portable and mapped it is anyway.
    return allocate(address, byteCount, ALULA_MEMORY_PINNED);
}

EXPORT cudaError_t cudaFreeHost(void *address) { return release(address); }

/// Pinned memory is what host and device both reach.
EXPORT cudaError_t cudaMallocManaged(void **address, size_t byteCount, unsigned flags) {
    (void)flags;
    return allocate(address, byteCount, ALULA_MEMORY_PINNED);
}

EXPORT cudaError_t cudaHostRegister(void *start, size_t byteCount, unsigned flags) {
    (void)flags;
    return cudartStatus(alula_register_host(device, start, byteCount, 0), REFUSED_VALUE);
}

EXPORT cudaError_t cudaHostUnregister(void *start) {
    return cudartStatus(alula_free(device, start), REFUSED_VALUE);
}

EXPORT cudaError_t cudaHostGetDevicePointer(void **address, void *host, unsigned flags) {
    (void)flags;
    alula_memory_kind kind;
    void *start;
    size_t byteCount;
    if (!address) return cudartReport(cudaErrorInvalidValue);
    cudaError_t error = cudartStatus(alula_memory_query(device, host, &kind, &start, &byteCount), REFUSED_VALUE);
    if (error) return error;
    if (kind != ALULA_MEMORY_PINNED) return cudartReport(cudaErrorInvalidValue);
    *address = host;
    return cudaSuccess;
}

EXPORT cudaError_t cudaMallocAsync(void **address, size_t byteCount, cudaStream_t stream) {
    if (!address) return cudartReport(cudaErrorInvalidValue);
    return cudartStatus(alula_stream_allocate(cudartStream(stream), byteCount, address), REFUSED_VALUE);
}

EXPORT cudaError_t cudaFreeAsync(void *address, cudaStream_t stream) {
    return cudartStatus(alula_stream_free(cudartStream(stream), address), REFUSED_VALUE);
}

EXPORT cudaError_t cudaMemGetInfo(size_t *free, size_t *total) {
    alula_device_information values;
    cudaError_t error = cudartStatus(alula_device_get_information(device, &values), REFUSED_VALUE);
    if (error) return error;
    if (free) *free = (size_t)(values.memory_limit - values.allocated_byte_count);
    if (total) *total = (size_t)values.memory_limit;
    return cudaSuccess;
}

/// CUDA 11's layout; later ones only add members behind.
typedef struct {
    int type;
    int device;
    void *devicePointer;
    void *hostPointer;
} cudaPointerAttributes;

EXPORT cudaError_t cudaPointerGetAttributes(cudaPointerAttributes *attributes, const void *address) {
    if (!attributes) return cudartReport(cudaErrorInvalidValue);
    alula_memory_kind kind;
    void *start;
    size_t byteCount;
    cudaError_t error = cudartStatus(alula_memory_query(device, address, &kind, &start, &byteCount), REFUSED_VALUE);
    if (error) return error;
    void *place = (void *)(uintptr_t)address;
    switch (kind) {
    case ALULA_MEMORY_DEVICE: *attributes = (cudaPointerAttributes){2, 0, place, NULL}; break;
    case ALULA_MEMORY_PINNED: *attributes = (cudaPointerAttributes){1, 0, place, place}; break;
    default: *attributes = (cudaPointerAttributes){0, -2, NULL, place};
    }
    return cudaSuccess;
}

// MARK: - Copies: cudaMemcpyKind has alula_copy_kind's numbers.

EXPORT cudaError_t cudaMemcpy(void *destination, const void *source, size_t byteCount, int kind) {
    if (kind < ALULA_COPY_HOST_TO_HOST || kind > ALULA_COPY_INFER) return cudartReport(cudaErrorInvalidValue);
    return cudartStatus(alula_copy(device, destination, source, byteCount, kind), REFUSED_VALUE);
}

EXPORT cudaError_t cudaMemcpyAsync(
    void *destination, const void *source, size_t byteCount, int kind, cudaStream_t stream) {
    if (kind < ALULA_COPY_HOST_TO_HOST || kind > ALULA_COPY_INFER) return cudartReport(cudaErrorInvalidValue);
    alula_stream target = cudartStream(stream);
    return cudartStatus(alula_copy_async(target, destination, source, byteCount, kind), REFUSED_VALUE);
}

EXPORT cudaError_t cudaMemsetAsync(void *destination, int value, size_t byteCount, cudaStream_t stream) {
    return cudartStatus(alula_fill_async(cudartStream(stream), destination, value, byteCount), REFUSED_VALUE);
}

EXPORT cudaError_t cudaMemset(void *destination, int value, size_t byteCount) {
    cudaError_t error = cudaMemsetAsync(destination, value, byteCount, NULL);
    return error ? error : cudartStatus(alula_stream_synchronize((alula_stream){0}), REFUSED_VALUE);
}
