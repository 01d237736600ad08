// SPDX-License-Identifier: Apache-2.0
//
// The part of the CUDA runtime's interface that libcudart.so offers over alula.h: names, numbers and layouts are CUDA 12's, so
// that programs which load the library by name (through ctypes, say) find what they expect. Streams, events and graphs are
// Alula's handles in a pointer's clothes, and device pointers are Alula's addresses: both libraries may be mixed.
#ifndef ALULA_CUDART_H
#define ALULA_CUDART_H

#include "alula.h"

#define EXPORT __attribute__((visibility("default")))

typedef int cudaError_t;

enum {
    cudaSuccess = 0,
    cudaErrorInvalidValue = 1,
    cudaErrorMemoryAllocation = 2,
    cudaErrorInitializationError = 3,
    cudaErrorInvalidDevice = 101,
    cudaErrorInvalidResourceHandle = 400,
    cudaErrorIllegalState = 401,
    cudaErrorNotReady = 600,
    cudaErrorLaunchFailure = 719,
    cudaErrorNotPermitted = 800,
    cudaErrorNotSupported = 801,
    cudaErrorUnknown = 999,
};

typedef struct CUstream_st *cudaStream_t;
typedef struct CUevent_st *cudaEvent_t;
typedef struct CUgraph_st *cudaGraph_t;
typedef struct CUgraphExec_st *cudaGraphExec_t;

/// What an argument that Alula refuses is called: CUDA tells a bad handle from a bad value.
typedef enum { REFUSED_VALUE = cudaErrorInvalidValue, REFUSED_HANDLE = cudaErrorInvalidResourceHandle } Refusal;

/// Keeps an error for cudaGetLastError() and returns it.
cudaError_t cudartReport(cudaError_t error);
/// The error of an Alula status, kept for cudaGetLastError().
cudaError_t cudartStatus(alula_status status, Refusal refusal);
/// The stream a caller means: 0 and 1 are the default stream, 2 the calling thread's own.
alula_stream cudartStream(cudaStream_t stream);

static inline void *cudartPointer(uint64_t handle) { return (void *)(uintptr_t)handle; }
static inline uint64_t cudartHandle(const void *pointer) { return (uint64_t)(uintptr_t)pointer; }

#endif
