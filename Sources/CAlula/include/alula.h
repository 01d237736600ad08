// SPDX-License-Identifier: Apache-2.0
//
// Alula for C: devices, memory, streams, events, graphs, networks, plans, engines, execution contexts.
//
// Every function that can fail returns a status; alula_last_error() then has a sentence for the calling thread, saying what,
// where, got, expected. Results come through pointers, which are written only on success.
//
// Handles are numbers, not addresses. A handle that was destroyed, made up, or belongs to another kind of object is
// ALULA_INVALID_ARGUMENT. Destroying gives up the handle only: work in flight keeps what it uses, so that anything may be
// destroyed in any order. Memory is named by its address, and every address is looked up among the device's allocations.
//
// All functions may be called from any thread, but one execution context by one thread at a time: a second caller gets
// ALULA_INVALID_STATE. A process made by fork() must not use what its parent made.
#ifndef ALULA_H
#define ALULA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// MARK: - Status

/// The outcome of a call: 0 to 10 are TensorRT's ErrorCode, number for number.
typedef int32_t alula_status;

enum {
    ALULA_SUCCESS = 0,
    /// Nothing more is known.
    ALULA_UNSPECIFIED = 1,
    /// A defect of the library.
    ALULA_INTERNAL_ERROR = 2,
    /// The arguments are wrong; nothing happened.
    ALULA_INVALID_ARGUMENT = 3,
    /// Network, profile or settings do not fit together.
    ALULA_INVALID_CONFIG = 4,
    /// Memory was refused.
    ALULA_FAILED_ALLOCATION = 5,
    /// A device or component did not start, or belongs to another process.
    ALULA_FAILED_INITIALIZATION = 6,
    /// A command failed while it ran.
    ALULA_FAILED_EXECUTION = 7,
    /// The data made a computation impossible.
    ALULA_FAILED_COMPUTATION = 8,
    /// The call is right, but not now.
    ALULA_INVALID_STATE = 9,
    /// The call is not supported here.
    ALULA_UNSUPPORTED_STATE = 10,
    /// The work asked about has not finished. Not a fault.
    ALULA_NOT_READY = 11,
    /// The call was made from a callback that must not call back.
    ALULA_NOT_PERMITTED = 12,
    /// The caller stopped a build.
    ALULA_CANCELLED = 13,
};

/// The version of the library, such as "0.1.0".
const char *alula_version(void);
/// What went wrong in the last failed call of this thread; valid until its next failed call.
const char *alula_last_error(void);
/// The status of the last failed call of this thread.
alula_status alula_last_status(void);
/// A word for a status.
const char *alula_status_name(alula_status status);

/// Receives remarks about uses that work but are probably not meant, on the thread that makes the call.
typedef void (*alula_warning_handler)(void *user, const char *text);
/// Sends remarks of engines loaded from now on to `handler`; NULL prints them to standard error.
alula_status alula_set_warning_handler(alula_warning_handler handler, void *user);

// MARK: - Handles and small values

typedef struct { uint64_t value; } alula_device;
typedef struct { uint64_t value; } alula_stream;
typedef struct { uint64_t value; } alula_event;
typedef struct { uint64_t value; } alula_graph;
typedef struct { uint64_t value; } alula_graph_exec;
typedef struct { uint64_t value; } alula_network;
typedef struct { uint64_t value; } alula_builder;
typedef struct { uint64_t value; } alula_plan;
typedef struct { uint64_t value; } alula_engine;
typedef struct { uint64_t value; } alula_context;
typedef struct { uint64_t value; } alula_bytes;

/// The device of alula_device_default(), and the default stream of a device, wherever a handle of their kind is expected.
#define ALULA_DEFAULT 0

/// Element types, with ONNX's numbers.
typedef int32_t alula_data_type;

enum {
    ALULA_FLOAT32 = 1,
    ALULA_UINT8 = 2,
    ALULA_INT8 = 3,
    ALULA_UINT16 = 4,
    ALULA_INT16 = 5,
    ALULA_INT32 = 6,
    ALULA_INT64 = 7,
    ALULA_BOOL = 9,
    ALULA_FLOAT16 = 10,
    ALULA_FLOAT64 = 11,
    ALULA_UINT32 = 12,
    ALULA_UINT64 = 13,
};

enum { ALULA_MAX_RANK = 16 };

/// Extents, outermost first; -1 for one that varies. A rank of -1 stands for a shape that is not known.
typedef struct {
    int32_t rank;
    int64_t extents[ALULA_MAX_RANK];
} alula_shape;

/// Text or bytes that a call made: valid until destroyed.
alula_status alula_bytes_get(alula_bytes bytes, const void **start, size_t *byte_count);
alula_status alula_bytes_destroy(alula_bytes bytes);

// MARK: - Device

/// A CPU device: worker teams, memory, streams. CUDA: a device with its context.
///
/// `threads` 0 takes every core the process may use; `teams` streams compute at the same time, 1 is usual;
/// `memory_limit` 0 takes what the machine leaves.
alula_status alula_device_create(int32_t threads, int32_t teams, int64_t memory_limit, alula_device *device);
/// The device that is used where ALULA_DEFAULT is given; made at the first use, with as many threads as the environment
/// variable ALULA_THREADS says or one a core, and lives as long as the process.
alula_status alula_device_default(alula_device *device);
/// Makes `device` the default of calls from now on. What was made on the previous one stays there.
alula_status alula_device_set_default(alula_device device);
alula_status alula_device_destroy(alula_device device);
/// Waits for all streams. CUDA: cudaDeviceSynchronize.
alula_status alula_device_synchronize(alula_device device);

typedef struct {
    int32_t thread_count;
    int32_t team_count;
    int64_t memory_limit;
    int64_t allocated_byte_count;
    int64_t pooled_byte_count;
} alula_device_information;

alula_status alula_device_get_information(alula_device device, alula_device_information *information);
/// The processor's name.
const char *alula_device_name(void);

// MARK: - Memory

typedef int32_t alula_memory_kind;

enum {
    /// Memory the device does not know: ordinary, pageable host memory.
    ALULA_MEMORY_PAGEABLE = 0,
    ALULA_MEMORY_DEVICE = 1,
    /// Host memory that copies and bindings use when they run: keep it unchanged until then.
    ALULA_MEMORY_PINNED = 2,
};

/// Allocates zeroed device or pinned memory, 256-byte aligned. CUDA: cudaMalloc, cudaHostAlloc.
alula_status alula_allocate(alula_device device, alula_memory_kind kind, size_t byte_count, void **address);
/// Ends the use of the allocation that starts at `address` by new commands. CUDA: cudaFree, but does not synchronise.
alula_status alula_free(alula_device device, void *address);
/// Makes host memory pinned memory, so that copies and bindings use it in place. Until alula_free(), and until every command
/// that uses it has run, it must stay valid; `token`, unless 0, then comes out of alula_released_tokens(). CUDA:
/// cudaHostRegister.
alula_status alula_register_host(alula_device device, void *start, size_t byte_count, uint64_t token);
/// Takes up to `capacity` tokens of registered memory that nothing uses any more.
alula_status alula_released_tokens(uint64_t *tokens, size_t capacity, size_t *count);
/// What kind of memory an address belongs to and the allocation it lies in. CUDA: cudaPointerGetAttributes.
alula_status alula_memory_query(
    alula_device device, const void *address, alula_memory_kind *kind, void **start, size_t *byte_count);

typedef int32_t alula_copy_kind;

enum {
    ALULA_COPY_HOST_TO_HOST = 0,
    ALULA_COPY_HOST_TO_DEVICE = 1,
    ALULA_COPY_DEVICE_TO_HOST = 2,
    ALULA_COPY_DEVICE_TO_DEVICE = 3,
    /// Memory the device knows is used as such, all other is pageable.
    ALULA_COPY_INFER = 4,
    /// As ALULA_COPY_INFER, but pageable memory is used in place when the copy runs, so that the call returns at once: keep
    /// it valid, and a source unchanged, until then.
    ALULA_COPY_BORROWED = 5,
};

/// Copies in stream order. Pageable memory is read before the call returns; a copy to pageable memory returns when it is
/// complete. CUDA: cudaMemcpyAsync.
alula_status alula_copy_async(
    alula_stream stream, void *destination, const void *source, size_t byte_count, alula_copy_kind kind);
/// Copies on the default stream of `device` and waits. CUDA: cudaMemcpy.
alula_status alula_copy(
    alula_device device, void *destination, const void *source, size_t byte_count, alula_copy_kind kind);
/// Sets device or pinned memory in stream order. CUDA: cudaMemsetAsync.
alula_status alula_fill_async(alula_stream stream, void *destination, int32_t value, size_t byte_count);

// MARK: - Streams

typedef uint32_t alula_stream_flags;

enum {
    /// Exempt from the order against the default stream. CUDA: cudaStreamNonBlocking.
    ALULA_STREAM_NON_BLOCKING = 1,
};

/// Makes a stream; `priority` lower goes first, `name` may be NULL.
alula_status alula_stream_create(
    alula_device device, int32_t priority, alula_stream_flags flags, const char *name, alula_stream *stream);
/// Returns at once; issued work completes.
alula_status alula_stream_destroy(alula_stream stream);
alula_status alula_stream_synchronize(alula_stream stream);
/// ALULA_SUCCESS or ALULA_NOT_READY, or the stream's failure.
alula_status alula_stream_query(alula_stream stream);
alula_status alula_stream_record(alula_stream stream, alula_event event);
alula_status alula_stream_wait(alula_stream stream, alula_event event);
alula_status alula_stream_get_flags(alula_stream stream, alula_stream_flags *flags, int32_t *priority);
/// Makes a failed stream usable again; commands issued before stay skipped.
alula_status alula_stream_clear_error(alula_stream stream);
/// Calls `function` in stream order, on the stream's thread. It must not call into the library. CUDA: cudaLaunchHostFunc.
typedef void (*alula_host_function)(void *user);
alula_status alula_stream_call(alula_stream stream, alula_host_function function, void *user);
/// Allocates and frees in stream order. CUDA: cudaMallocAsync, cudaFreeAsync.
alula_status alula_stream_allocate(alula_stream stream, size_t byte_count, void **address);
alula_status alula_stream_free(alula_stream stream, void *address);

// MARK: - Events

typedef uint32_t alula_event_flags;

enum {
    /// Waiting sleeps instead of spinning. CUDA: cudaEventBlockingSync.
    ALULA_EVENT_BLOCKING = 1,
    /// CUDA: cudaEventDisableTiming.
    ALULA_EVENT_NO_TIMING = 2,
};

alula_status alula_event_create(alula_event_flags flags, alula_event *event);
alula_status alula_event_destroy(alula_event event);
/// ALULA_SUCCESS or ALULA_NOT_READY, or the failure of the work before the record.
alula_status alula_event_query(alula_event event);
alula_status alula_event_synchronize(alula_event event);
/// Milliseconds between the moments two recorded events were reached.
alula_status alula_event_elapsed(alula_event start, alula_event end, double *milliseconds);
/// Writes eight bytes, the number 1, to `file` (an eventfd or a pipe) once the recorded work has run or failed; at once for an
/// event that was never recorded. The caller keeps the file open until then.
alula_status alula_event_notify(alula_event event, int32_t file);

// MARK: - Capture and replay

alula_status alula_stream_begin_capture(alula_stream stream);
alula_status alula_stream_is_capturing(alula_stream stream, bool *is_capturing);
alula_status alula_stream_end_capture(alula_stream stream, alula_graph *graph);
alula_status alula_graph_command_count(alula_graph graph, size_t *count);
alula_status alula_graph_destroy(alula_graph graph);
alula_status alula_graph_instantiate(alula_graph graph, alula_graph_exec *executable);
alula_status alula_graph_launch(alula_graph_exec executable, alula_stream stream);
alula_status alula_graph_exec_destroy(alula_graph_exec executable);

// MARK: - Networks

/// A value of a network, by number. Valid in the network that gave it out.
typedef int32_t alula_value;
enum { ALULA_NO_VALUE = -1 };

typedef int32_t alula_attribute_kind;

enum {
    ALULA_ATTRIBUTE_INTEGER = 0,
    ALULA_ATTRIBUTE_FLOAT = 1,
    ALULA_ATTRIBUTE_STRING = 2,
    ALULA_ATTRIBUTE_INTEGERS = 3,
    ALULA_ATTRIBUTE_FLOATS = 4,
};

/// One parameter of an operator; only the field of its kind is read, for lists with `count`.
typedef struct {
    const char *name;
    alula_attribute_kind kind;
    int64_t integer;
    float real;
    const char *text;
    const int64_t *integers;
    const float *reals;
    size_t count;
} alula_attribute;

/// An empty network. TensorRT: INetworkDefinition.
alula_status alula_network_create(const char *name, alula_network *network);
/// A network from an ONNX model. The file must not change while the network, or a plan made from it, is in use.
alula_status alula_network_from_onnx_file(const char *path, alula_network *network);
/// As alula_network_from_onnx_file(), from bytes, which are copied; `folder` for external data, or NULL to refuse it.
alula_status alula_network_from_onnx_bytes(
    const void *start, size_t byte_count, const char *folder, alula_network *network);
/// An independent copy; weights are shared.
alula_status alula_network_copy(alula_network network, alula_network *copy);
alula_status alula_network_destroy(alula_network network);

alula_status alula_network_add_input(
    alula_network network, const char *name, alula_data_type data_type, const alula_shape *shape, alula_value *value);
/// Adds a constant; the bytes are copied.
alula_status alula_network_add_constant(
    alula_network network, const char *name, alula_data_type data_type, const alula_shape *shape, const void *start,
    alula_value *value);
/// Adds an operator of ONNX's own domain with the meaning of the newest supported opset; ALULA_NO_VALUE omits an optional
/// input. `outputs` receives `output_count` values, the first of which carry the node's name.
alula_status alula_network_add_node(
    alula_network network, const char *operator_name, const char *name, const alula_value *inputs, size_t input_count,
    const alula_attribute *attributes, size_t attribute_count, alula_value *outputs, size_t output_count);
alula_status alula_network_mark_output(alula_network network, alula_value value);
alula_status alula_network_unmark_output(alula_network network, alula_value value);
alula_status alula_network_set_input(alula_network network, size_t node, size_t input, alula_value value);
/// Renames a value; the name is made unique by a suffix if taken.
alula_status alula_network_rename(alula_network network, alula_value value, const char *name);
/// Replaces the declared extents of an input.
alula_status alula_network_set_input_shape(alula_network network, alula_value value, const alula_shape *shape);

alula_status alula_network_counts(alula_network network, size_t *inputs, size_t *outputs, size_t *nodes);
alula_status alula_network_get_input(alula_network network, size_t index, alula_value *value);
alula_status alula_network_get_output(alula_network network, size_t index, alula_value *value);

typedef struct {
    /// Valid until the network is destroyed.
    const char *name;
    /// 0 where it depends on content.
    alula_data_type data_type;
    /// By the operators' shape rules; -1 for extents that vary.
    alula_shape shape;
    bool is_input;
    bool is_output;
    bool is_constant;
    /// The node that makes it, or -1.
    int64_t producer;
} alula_value_information;

/// What is known of a value. Fails where an operator refuses its inputs.
alula_status alula_network_get_value(alula_network network, alula_value value, alula_value_information *information);

typedef struct {
    /// Both valid until the network is destroyed.
    const char *name;
    const char *operator_name;
    size_t input_count;
    size_t output_count;
} alula_node_information;

alula_status alula_network_get_node(alula_network network, size_t node, alula_node_information *information);
/// Writes all inputs and outputs of a node; ALULA_NO_VALUE where omitted.
alula_status alula_network_get_node_values(
    alula_network network, size_t node, alula_value *inputs, alula_value *outputs);
/// The bytes of a constant, as they lie in the network.
alula_status alula_network_get_constant(alula_network network, alula_value value, alula_bytes *bytes);
/// Names of the operators an ONNX network may use, one a line.
alula_status alula_supported_operators(alula_bytes *text);

// MARK: - Builder and plan

/// A builder with its settings. TensorRT: IBuilder and IBuilderConfig.
alula_status alula_builder_create(alula_builder *builder);
alula_status alula_builder_destroy(alula_builder builder);
/// Leaves out kernels that trade accuracy for speed.
alula_status alula_builder_set_strict(alula_builder builder, bool is_strict);
/// Whether tactics compete on the clock (the default), and on how many threads; 0 takes all cores.
alula_status alula_builder_set_timing(alula_builder builder, bool times_tactics, int32_t threads);
/// Binding shapes leave out the batch, which every run names, up to `max_batch_size`. 0 goes back to explicit batches.
alula_status alula_builder_set_implicit_batch(alula_builder builder, int32_t max_batch_size);
/// Adds a range of shapes; index 0 is the first.
alula_status alula_builder_add_profile(alula_builder builder, size_t *index);
alula_status alula_builder_set_profile_shape(
    alula_builder builder, size_t profile, const char *input, const alula_shape *min, const alula_shape *opt,
    const alula_shape *max);
/// Times known from earlier builds, as alula_builder_get_timing_cache() gave them.
alula_status alula_builder_set_timing_cache(alula_builder builder, const void *start, size_t byte_count);
/// Called before every phase on the building thread; false stops the build.
typedef bool (*alula_progress)(void *user, const char *phase, int32_t completed, int32_t total);
alula_status alula_builder_set_progress(alula_builder builder, alula_progress progress, void *user);
/// Builds. Takes a while: tactics are timed.
alula_status alula_builder_build(alula_builder builder, alula_network network, alula_plan *plan);
/// What the last build did, as text.
alula_status alula_builder_get_report(alula_builder builder, alula_bytes *text);
alula_status alula_builder_get_timing_cache(alula_builder builder, alula_bytes *cache);

/// Loads a plan; every byte is checked.
alula_status alula_plan_from_file(const char *path, alula_plan *plan);
alula_status alula_plan_from_bytes(const void *start, size_t byte_count, alula_plan *plan);
alula_status alula_plan_write(alula_plan plan, const char *path);
alula_status alula_plan_serialize(alula_plan plan, alula_bytes *bytes);
alula_status alula_plan_destroy(alula_plan plan);

// MARK: - Engine

/// A loaded plan, shared by any number of contexts and threads. TensorRT: ICudaEngine.
alula_status alula_engine_create(alula_plan plan, alula_engine *engine);
alula_status alula_engine_destroy(alula_engine engine);
/// The plan the engine runs.
alula_status alula_engine_get_plan(alula_engine engine, alula_plan *plan);

typedef struct {
    /// Valid until the engine is destroyed.
    const char *name;
    int32_t binding_count;
    int32_t profile_count;
    int32_t layer_count;
    int32_t max_batch_size;
    bool has_implicit_batch;
} alula_engine_information;

alula_status alula_engine_get_information(alula_engine engine, alula_engine_information *information);

typedef struct {
    /// Valid until the engine is destroyed.
    const char *name;
    bool is_input;
    alula_data_type data_type;
    /// As declared: -1 for extents that vary, without the batch for implicit batches.
    alula_shape shape;
} alula_binding;

/// Bindings are numbered inputs first, then outputs.
alula_status alula_engine_get_binding(alula_engine engine, int32_t index, alula_binding *binding);
alula_status alula_engine_find_binding(alula_engine engine, const char *name, int32_t *index);
/// The range of an input in a profile; all ranks are -1 where the profile has none.
alula_status alula_engine_get_profile_shape(
    alula_engine engine, int32_t profile, const char *input, alula_shape *min, alula_shape *opt, alula_shape *max);
/// Workspace that a context needs, in bytes.
alula_status alula_engine_workspace(alula_engine engine, int32_t profile, int64_t *byte_count);
/// Layers and bindings as JSON in the form of TensorRT's engine inspector.
alula_status alula_engine_describe(alula_engine engine, alula_bytes *json);

// MARK: - Execution context

/// The state of one flow of inferences. TensorRT: IExecutionContext.
///
/// `workspace` NULL allocates it; else device memory of alula_engine_workspace() bytes that no other running context uses.
alula_status alula_context_create(
    alula_engine engine, alula_device device, const char *name, void *workspace, alula_context *context);
alula_status alula_context_destroy(alula_context context);

/// Enqueues one inference with addresses by binding index; returns before it runs. `input_consumed` {0} for none.
/// TensorRT: enqueueV2, execute_async_v2.
alula_status alula_context_enqueue(
    alula_context context, void *const *bindings, size_t binding_count, alula_stream stream, alula_event input_consumed);
/// As alula_context_enqueue(), with a batch. TensorRT: enqueue, execute_async.
alula_status alula_context_enqueue_batch(
    alula_context context, int32_t batch_size, void *const *bindings, size_t binding_count, alula_stream stream,
    alula_event input_consumed);
/// As alula_context_enqueue(), with the addresses set by name. TensorRT: enqueueV3, execute_async_v3.
alula_status alula_context_enqueue_named(alula_context context, alula_stream stream);
/// Enqueue on a stream of the context's own and wait. `batch_size` 0 for explicit batches. TensorRT: executeV2, execute.
alula_status alula_context_execute(
    alula_context context, int32_t batch_size, void *const *bindings, size_t binding_count);

alula_status alula_context_set_address(alula_context context, const char *name, void *address);
alula_status alula_context_get_address(alula_context context, const char *name, void **address);
alula_status alula_context_set_input_shape(alula_context context, const char *name, const alula_shape *shape);
/// The shape for the present inputs, with the batch; a rank of -1 where not known yet.
alula_status alula_context_get_shape(alula_context context, const char *name, alula_shape *shape);
/// Names of inputs whose shapes are still to be set, one a line; empty when ready. TensorRT: inferShapes.
alula_status alula_context_infer_shapes(alula_context context, alula_bytes *missing);
alula_status alula_context_set_profile(alula_context context, int32_t profile);
alula_status alula_context_get_profile(alula_context context, int32_t *profile);
/// Completes when runs enqueued by name have read their inputs; {0} for none.
alula_status alula_context_set_input_consumed(alula_context context, alula_event event);
/// Bytes of workspace the present shapes use.
alula_status alula_context_workspace(alula_context context, int64_t *byte_count);

/// Receives the time of each layer after each run, on the stream's thread; must not call into the library.
typedef void (*alula_layer_time)(void *user, const char *layer, double milliseconds);
/// Sets or, with NULL, removes the profiler.
alula_status alula_context_set_profiler(alula_context context, alula_layer_time report, void *user);

/// Provides device memory for an output that only a run can size, on the stream's thread; NULL makes the run fail.
typedef void *(*alula_reallocate_output)(void *user, const char *tensor, size_t byte_count);
typedef void (*alula_notify_shape)(void *user, const char *tensor, const alula_shape *shape);
/// Sets or, with NULL, removes the allocator of an output; used by alula_context_enqueue_named() where no address is set.
alula_status alula_context_set_output_allocator(
    alula_context context, const char *name, alula_reallocate_output reallocate, alula_notify_shape notify, void *user);

#ifdef __cplusplus
}
#endif
#endif
