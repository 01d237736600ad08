// SPDX-License-Identifier: Apache-2.0
// Streams, events and graphs of the CUDA runtime: Alula's handles as pointers.
#include "cudart.h"

#include <pthread.h>
#include <stdlib.h>

static const alula_device device = {ALULA_DEFAULT};

// MARK: - The stream of a thread

static pthread_key_t ownStream;
static pthread_once_t ownStreamOnce = PTHREAD_ONCE_INIT;

static void destroyOwnStream(void *handle) { alula_stream_destroy((alula_stream){cudartHandle(handle)}); }

static void makeKey(void) { pthread_key_create(&ownStream, destroyOwnStream); }

alula_stream cudartStream(cudaStream_t stream) {
    enum { legacy = 1, perThread = 2 };
    uint64_t handle = cudartHandle(stream);
    if (handle <= legacy) return (alula_stream){ALULA_DEFAULT};
    if (handle != perThread) return (alula_stream){handle};
    pthread_once(&ownStreamOnce, makeKey);
    void *known = pthread_getspecific(ownStream);
    if (known) return (alula_stream){cudartHandle(known)};
    alula_stream made;
    // A failure leaves a handle that is nobody's, which the call that was asked for then reports.
    if (alula_stream_create(device, 0, 0, "thread", &made)) return (alula_stream){perThread};
    pthread_setspecific(ownStream, cudartPointer(made.value));
    return made;
}

// MARK: - Streams

EXPORT cudaError_t cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned flags, int priority) {
    if (!stream) return cudartReport(cudaErrorInvalidValue);
    alula_stream made;
    cudaError_t error = cudartStatus(alula_stream_create(device, priority, flags & 1, NULL, &made), REFUSED_VALUE);
    if (!error) *stream = cudartPointer(made.value);
    return error;
}

EXPORT cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags) {
    return cudaStreamCreateWithPriority(stream, flags, 0);
}

EXPORT cudaError_t cudaStreamCreate(cudaStream_t *stream) { return cudaStreamCreateWithPriority(stream, 0, 0); }

EXPORT cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    return cudartStatus(alula_stream_destroy((alula_stream){cudartHandle(stream)}), REFUSED_HANDLE);
}

EXPORT cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    return cudartStatus(alula_stream_synchronize(cudartStream(stream)), REFUSED_HANDLE);
}

EXPORT cudaError_t cudaStreamQuery(cudaStream_t stream) {
    return cudartStatus(alula_stream_query(cudartStream(stream)), REFUSED_HANDLE);
}

EXPORT cudaError_t cudaStreamGetFlags(cudaStream_t stream, unsigned *flags) {
    int32_t priority;
    return cudartStatus(alula_stream_get_flags(cudartStream(stream), flags, &priority), REFUSED_HANDLE);
}

EXPORT cudaError_t cudaStreamGetPriority(cudaStream_t stream, int *priority) {
    alula_stream_flags flags;
    return cudartStatus(alula_stream_get_flags(cudartStream(stream), &flags, priority), REFUSED_HANDLE);
}

EXPORT cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags) {
    (void)flags;
    return cudartStatus(alula_stream_wait(cudartStream(stream), (alula_event){cudartHandle(event)}), REFUSED_HANDLE);
}

EXPORT cudaError_t cudaLaunchHostFunc(cudaStream_t stream, void (*function)(void *), void *user) {
    return cudartStatus(alula_stream_call(cudartStream(stream), function, user), REFUSED_VALUE);
}

typedef void (*StreamCallback)(cudaStream_t stream, cudaError_t status, void *user);

typedef struct {
    StreamCallback function;
    cudaStream_t stream;
    void *user;
} Callback;

static void callBack(void *user) {
    Callback *callback = user;
    callback->function(callback->stream, cudaSuccess, callback->user);
    free(callback);
}

EXPORT cudaError_t cudaStreamAddCallback(cudaStream_t stream, StreamCallback function, void *user, unsigned flags) {
    if (!function || flags) return cudartReport(cudaErrorInvalidValue);
    Callback *callback = malloc(sizeof *callback);
    if (!callback) return cudartReport(cudaErrorMemoryAllocation);
    *callback = (Callback){function, stream, user};
    cudaError_t error = cudaLaunchHostFunc(stream, callBack, callback);
    if (error) free(callback);
    return error;
}

// MARK: - Events

EXPORT cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags) {
    if (!event) return cudartReport(cudaErrorInvalidValue);
    alula_event made;
    // 1 waits asleep and 2 takes no times, in both interfaces.
    cudaError_t error = cudartStatus(alula_event_create(flags & 3, &made), REFUSED_VALUE);
    if (!error) *event = cudartPointer(made.value);
    return error;
}

EXPORT cudaError_t cudaEventCreate(cudaEvent_t *event) { return cudaEventCreateWithFlags(event, 0); }

EXPORT cudaError_t cudaEventDestroy(cudaEvent_t event) {
    return cudartStatus(alula_event_destroy((alula_event){cudartHandle(event)}), REFUSED_HANDLE);
}

EXPORT cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    return cudartStatus(alula_stream_record(cudartStream(stream), (alula_event){cudartHandle(event)}), REFUSED_HANDLE);
}

EXPORT cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned flags) {
    (void)flags;
    return cudaEventRecord(event, stream);
}

EXPORT cudaError_t cudaEventQuery(cudaEvent_t event) {
    return cudartStatus(alula_event_query((alula_event){cudartHandle(event)}), REFUSED_HANDLE);
}

EXPORT cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    return cudartStatus(alula_event_synchronize((alula_event){cudartHandle(event)}), REFUSED_HANDLE);
}

EXPORT cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t end) {
    if (!milliseconds) return cudartReport(cudaErrorInvalidValue);
    double value;
    alula_event first = {cudartHandle(start)}, last = {cudartHandle(end)};
    alula_status status = alula_event_elapsed(first, last, &value);
    // An event that was never recorded is the wrong handle here, not a wrong state.
    if (status == ALULA_INVALID_STATE) return cudartReport(cudaErrorInvalidResourceHandle);
    cudaError_t error = cudartStatus(status, REFUSED_HANDLE);
    if (!error) *milliseconds = (float)value;
    return error;
}

// MARK: - Capture and replay

EXPORT cudaError_t cudaStreamBeginCapture(cudaStream_t stream, int mode) {
    (void)mode; // Only the captured stream's own calls can go wrong, in every mode.
    return cudartStatus(alula_stream_begin_capture(cudartStream(stream)), REFUSED_HANDLE);
}

EXPORT cudaError_t cudaStreamIsCapturing(cudaStream_t stream, int *status) {
    bool isCapturing = false;
    if (!status) return cudartReport(cudaErrorInvalidValue);
    cudaError_t error = cudartStatus(alula_stream_is_capturing(cudartStream(stream), &isCapturing), REFUSED_HANDLE);
    if (!error) *status = isCapturing;
    return error;
}

EXPORT cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph) {
    if (!graph) return cudartReport(cudaErrorInvalidValue);
    alula_graph made;
    *graph = NULL;
    cudaError_t error = cudartStatus(alula_stream_end_capture(cudartStream(stream), &made), REFUSED_HANDLE);
    if (!error) *graph = cudartPointer(made.value);
    return error;
}

/// What follows the graph differs between CUDA 11 and 12 and is not needed.
EXPORT cudaError_t cudaGraphInstantiate(cudaGraphExec_t *executable, cudaGraph_t graph) {
    if (!executable) return cudartReport(cudaErrorInvalidValue);
    alula_graph_exec made;
    cudaError_t error = cudartStatus(alula_graph_instantiate((alula_graph){cudartHandle(graph)}, &made), REFUSED_HANDLE);
    if (!error) *executable = cudartPointer(made.value);
    return error;
}

EXPORT cudaError_t cudaGraphInstantiateWithFlags(
    cudaGraphExec_t *executable, cudaGraph_t graph, unsigned long long flags) {
    (void)flags;
    return cudaGraphInstantiate(executable, graph);
}

EXPORT cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
    alula_graph_exec target = {cudartHandle(executable)};
    return cudartStatus(alula_graph_launch(target, cudartStream(stream)), REFUSED_HANDLE);
}

EXPORT cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
    return cudartStatus(alula_graph_exec_destroy((alula_graph_exec){cudartHandle(executable)}), REFUSED_HANDLE);
}

EXPORT cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    return cudartStatus(alula_graph_destroy((alula_graph){cudartHandle(graph)}), REFUSED_HANDLE);
}
