// SPDX-License-Identifier: Apache-2.0
// Errors of the CUDA runtime over Alula's.
#include "cudart.h"

static _Thread_local cudaError_t lastError;

cudaError_t cudartReport(cudaError_t error) {
    if (error != cudaSuccess) lastError = error;
    return error;
}

cudaError_t cudartStatus(alula_status status, Refusal refusal) {
    switch (status) {
    case ALULA_SUCCESS: return cudaSuccess;
    case ALULA_INVALID_ARGUMENT: return cudartReport((cudaError_t)refusal);
    case ALULA_INVALID_CONFIG: return cudartReport(cudaErrorInvalidValue);
    case ALULA_FAILED_ALLOCATION: return cudartReport(cudaErrorMemoryAllocation);
    case ALULA_FAILED_INITIALIZATION: return cudartReport(cudaErrorInitializationError);
    case ALULA_FAILED_EXECUTION:
    case ALULA_FAILED_COMPUTATION: return cudartReport(cudaErrorLaunchFailure);
    case ALULA_INVALID_STATE: return cudartReport(cudaErrorIllegalState);
    case ALULA_UNSUPPORTED_STATE: return cudartReport(cudaErrorNotSupported);
    case ALULA_NOT_READY: return cudartReport(cudaErrorNotReady);
    case ALULA_NOT_PERMITTED: return cudartReport(cudaErrorNotPermitted);
    default: return cudartReport(cudaErrorUnknown);
    }
}

EXPORT cudaError_t cudaGetLastError(void) {
    cudaError_t error = lastError;
    lastError = cudaSuccess;
    return error;
}

EXPORT cudaError_t cudaPeekAtLastError(void) { return lastError; }

static const struct {
    cudaError_t error;
    const char *name;
    const char *text;
} known[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorInitializationError, "cudaErrorInitializationError", "initialization error"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {cudaErrorIllegalState, "cudaErrorIllegalState", "the operation cannot be performed in the present state"},
    {cudaErrorNotReady, "cudaErrorNotReady", "device not ready"},
    {cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {cudaErrorNotPermitted, "cudaErrorNotPermitted", "operation not permitted"},
    {cudaErrorNotSupported, "cudaErrorNotSupported", "operation not supported"},
    {cudaErrorUnknown, "cudaErrorUnknown", "unknown error"},
};

EXPORT const char *cudaGetErrorName(cudaError_t error) {
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].error == error) return known[i].name;
    return "unrecognized error code";
}

/// A sentence for an error; for the last one of the calling thread, Alula's own, which says what, where, got and expected.
EXPORT const char *cudaGetErrorString(cudaError_t error) {
    if (error != cudaSuccess && error != cudaErrorNotReady && error == lastError && *alula_last_error())
        return alula_last_error();
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].error == error) return known[i].text;
    return "unrecognized error code";
}
