// SPDX-License-Identifier: Apache-2.0
//
// The smallest whole program: builds an ONNX model with one input and one output, runs it on zeros, prints the first numbers.
//
//     cc -std=c11 -I Sources/CAlula/include Examples/C/inference.c -L FOLDER -lalula -Wl,-rpath,FOLDER -o inference
//     ./inference model.onnx
//
// FOLDER is where Tools/build-library.sh has put libalula.so.
#include "alula.h"

#include <stdio.h>
#include <stdlib.h>

/// Ends the program with what went wrong, where, and what was expected.
static void check(alula_status status) {
    if (status == ALULA_SUCCESS) return;
    fprintf(stderr, "%s: %s\n", alula_status_name(status), alula_last_error());
    exit(1);
}

/// Elements of a binding, all extents of which are known.
static size_t element_count(const alula_binding *binding) {
    size_t count = 1;
    for (int32_t axis = 0; axis < binding->shape.rank; axis++) {
        if (binding->shape.extents[axis] < 0) {
            fprintf(stderr, "binding '%s' has extents that vary: this example sets no shapes\n", binding->name);
            exit(1);
        }
        count *= (size_t)binding->shape.extents[axis];
    }
    return count;
}

/// Builds once; a program would keep the plan in a file (alula_plan_write) and start from there (alula_plan_from_file).
static alula_engine build(const char *path) {
    alula_network network;
    alula_builder builder;
    alula_plan plan;
    alula_engine engine;
    check(alula_network_from_onnx_file(path, &network));
    check(alula_builder_create(&builder));
    check(alula_builder_build(builder, network, &plan));
    check(alula_engine_create(plan, &engine));
    check(alula_network_destroy(network));
    check(alula_builder_destroy(builder));
    check(alula_plan_destroy(plan));
    return engine;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: inference model.onnx\n");
        return 2;
    }
    alula_engine engine = build(argv[1]);

    alula_engine_information information;
    check(alula_engine_get_information(engine, &information));
    alula_binding input, output;
    check(alula_engine_get_binding(engine, 0, &input));
    check(alula_engine_get_binding(engine, information.binding_count - 1, &output));
    if (information.binding_count != 2 || input.data_type != ALULA_FLOAT32 || output.data_type != ALULA_FLOAT32) {
        fprintf(stderr, "this example runs models with one float input and one float output\n");
        return 1;
    }

    const alula_device device = {ALULA_DEFAULT};
    const size_t input_bytes = element_count(&input) * sizeof(float), output_count = element_count(&output);
    void *bindings[2], *source, *result;
    check(alula_allocate(device, ALULA_MEMORY_DEVICE, input_bytes, &bindings[0]));
    check(alula_allocate(device, ALULA_MEMORY_DEVICE, output_count * sizeof(float), &bindings[1]));
    check(alula_allocate(device, ALULA_MEMORY_PINNED, input_bytes, &source)); // zeros
    check(alula_allocate(device, ALULA_MEMORY_PINNED, output_count * sizeof(float), &result));

    alula_context context;
    alula_stream stream;
    check(alula_context_create(engine, device, "example", NULL, &context));
    check(alula_stream_create(device, 0, 0, "example", &stream));

    // Four calls that return at once, and one that waits.
    check(alula_copy_async(stream, bindings[0], source, input_bytes, ALULA_COPY_HOST_TO_DEVICE));
    check(alula_context_enqueue(context, bindings, 2, stream, (alula_event){0}));
    check(alula_copy_async(stream, result, bindings[1], output_count * sizeof(float), ALULA_COPY_DEVICE_TO_HOST));
    check(alula_stream_synchronize(stream));

    printf("%s:", output.name);
    for (size_t index = 0; index < output_count && index < 8; index++) printf(" %g", ((const float *)result)[index]);
    printf("\n");

    // In any order: work in flight would keep what it uses.
    check(alula_engine_destroy(engine));
    check(alula_stream_destroy(stream));
    check(alula_context_destroy(context));
    check(alula_free(device, bindings[0]));
    check(alula_free(device, bindings[1]));
    check(alula_free(device, source));
    check(alula_free(device, result));
    return 0;
}
