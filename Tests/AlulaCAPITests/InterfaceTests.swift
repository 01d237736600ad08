// SPDX-License-Identifier: Apache-2.0

import AlulaCAPI
import CAlula
import Synchronization
import Testing

/// Swift on C's side of the interface; C itself and Python have their own tests (Bindings/Python/tests).
@Suite struct InterfaceTests {
    private let device = alula_device()

    private func shape(_ extents: Int64...) -> alula_shape {
        var shape = alula_shape()
        shape.rank = Int32(extents.count)
        unsafe withUnsafeMutableBytes(of: &shape.extents) { bytes in
            for (axis, extent) in extents.enumerated() {
                unsafe bytes.storeBytes(of: extent, toByteOffset: axis * 8, as: Int64.self)
            }
        }
        return shape
    }

    private var lastError: String { unsafe String(cString: alula_last_error()) }

    /// An engine for `y = relu(x)` over four numbers.
    private func reluEngine() -> alula_engine {
        var network = alula_network()
        var builder = alula_builder()
        var plan = alula_plan()
        var engine = alula_engine()
        var extents = shape(4)
        var (input, output): (alula_value, alula_value) = (0, 0)
        #expect(unsafe alula_network_create("relu", &network) == 0)
        #expect(unsafe alula_network_add_input(network, "x", Int32(ALULA_FLOAT32), &extents, &input) == 0)
        #expect(unsafe alula_network_add_node(network, "Relu", "y", &input, 1, nil, 0, &output, 1) == 0)
        #expect(alula_network_mark_output(network, output) == 0)
        #expect(unsafe alula_builder_create(&builder) == 0)
        #expect(alula_builder_set_timing(builder, false, 1) == 0)
        #expect(unsafe alula_builder_build(builder, network, &plan) == 0, "\(lastError)")
        #expect(unsafe alula_engine_create(plan, &engine) == 0)
        #expect(alula_plan_destroy(plan) == 0)
        #expect(alula_builder_destroy(builder) == 0)
        #expect(alula_network_destroy(network) == 0)
        return engine
    }

    @Test func aNetworkIsBuiltAndRun() {
        let engine = reluEngine()
        var context = alula_context()
        var stream = alula_stream()
        var bindings: [UnsafeMutableRawPointer?] = unsafe [nil, nil]
        #expect(unsafe alula_context_create(engine, device, "test", nil, &context) == 0)
        #expect(unsafe alula_stream_create(device, 0, 0, nil, &stream) == 0)
        for index in 0..<2 {
            #expect(unsafe alula_allocate(device, Int32(ALULA_MEMORY_DEVICE), 16, &bindings[index]) == 0)
        }
        let source: [Float] = [-1, 2, -3, 4]
        var target: [Float] = [9, 9, 9, 9]
        let upload = unsafe alula_copy_async(stream, bindings[0], source, 16, Int32(ALULA_COPY_HOST_TO_DEVICE))
        #expect(upload == 0, "\(lastError)")
        #expect(unsafe alula_context_enqueue(context, bindings, 2, stream, alula_event()) == 0, "\(lastError)")
        #expect(unsafe alula_copy_async(stream, &target, bindings[1], 16, Int32(ALULA_COPY_DEVICE_TO_HOST)) == 0)
        #expect(target == [0, 2, 0, 4])
        #expect(alula_engine_destroy(engine) == 0)
        #expect(alula_context_destroy(context) == 0)
        #expect(alula_stream_destroy(stream) == 0)
        for index in 0..<2 { #expect(unsafe alula_free(device, bindings[index]) == 0) }
    }

    @Test func missingArgumentsAreNamed() {
        let invalid = alula_status(ALULA_INVALID_ARGUMENT)
        #expect(alula_network_create(nil, nil) == invalid)
        #expect(lastError.contains("null pointer"))
        #expect(alula_network_from_onnx_file(nil, nil) == invalid)
        #expect(alula_stream_create(device, 0, 0, nil, nil) == invalid)
        #expect(alula_allocate(device, Int32(ALULA_MEMORY_DEVICE), 16, nil) == invalid)
        #expect(alula_last_status() == invalid)
        #expect(alula_plan_from_bytes(nil, 10, nil) == invalid)
        #expect(alula_bytes_get(alula_bytes(value: 77), nil, nil) == invalid)
    }

    @Test func handlesAreTakenByTheirOwnKindAlone() {
        let engine = reluEngine()
        var event = alula_event()
        #expect(unsafe alula_event_create(0, &event) == 0)
        #expect(alula_stream_synchronize(alula_stream(value: event.value)) == Int32(ALULA_INVALID_ARGUMENT))
        #expect(lastError.contains("foreign handle"))
        #expect(alula_plan_destroy(alula_plan(value: engine.value)) == Int32(ALULA_INVALID_ARGUMENT))
        #expect(alula_engine_destroy(engine) == 0)
        #expect(alula_engine_destroy(engine) == Int32(ALULA_INVALID_ARGUMENT))
        #expect(lastError.contains("stale handle"))
        #expect(alula_event_destroy(event) == 0)
    }

    @Test func borrowedMemoryIsReadWhenTheCopyRuns() {
        var (stream, gate) = (alula_stream(), alula_stream())
        var opened = alula_event()
        var memory: UnsafeMutableRawPointer?
        #expect(unsafe alula_stream_create(device, 0, 1, nil, &stream) == 0)
        #expect(unsafe alula_stream_create(device, 0, 1, nil, &gate) == 0)
        #expect(unsafe alula_event_create(0, &opened) == 0)
        #expect(unsafe alula_allocate(device, Int32(ALULA_MEMORY_DEVICE), 8, &memory) == 0)
        let lent = UnsafeMutablePointer<Int>.allocate(capacity: 1)
        defer { unsafe lent.deallocate() }
        unsafe lent.initialize(to: 1)
        // The gate's host function holds the stream until the source has changed.
        #expect(unsafe alula_stream_call(gate, { _ in while !isOpen.load(ordering: .acquiring) {} }, nil) == 0)
        #expect(alula_stream_record(gate, opened) == 0)
        #expect(alula_stream_wait(stream, opened) == 0)
        #expect(unsafe alula_copy_async(stream, memory, lent, 8, Int32(ALULA_COPY_BORROWED)) == 0)
        unsafe lent.pointee = 5
        isOpen.store(true, ordering: .releasing)
        #expect(alula_stream_synchronize(stream) == 0)
        var result = 0
        #expect(unsafe alula_copy(device, &result, memory, 8, Int32(ALULA_COPY_DEVICE_TO_HOST)) == 0)
        #expect(result == 5)
        #expect(unsafe alula_free(device, memory) == 0)
    }

    @Test func registeredMemoryIsGivenBackByToken() {
        let lent = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 16)
        defer { unsafe lent.deallocate() }
        let token: UInt64 = 0x1234_5678
        #expect(unsafe alula_register_host(device, lent, 64, token) == 0)
        #expect(unsafe alula_register_host(device, lent + 8, 8, token) == Int32(ALULA_INVALID_ARGUMENT))
        var kind: alula_memory_kind = 0
        var start: UnsafeMutableRawPointer?
        var byteCount = 0
        #expect(unsafe alula_memory_query(device, lent + 8, &kind, &start, &byteCount) == 0)
        #expect(kind == Int32(ALULA_MEMORY_PINNED) && byteCount == 64)
        #expect(unsafe start == lent)
        #expect(unsafe alula_free(device, lent) == 0)
        var tokens = [UInt64](repeating: 0, count: 8)
        var count = 0
        #expect(unsafe alula_released_tokens(&tokens, 8, &count) == 0)
        #expect(tokens.prefix(count).contains(token))
        #expect(unsafe alula_register_host(device, lent, 64, 0) == 0)
        #expect(unsafe alula_free(device, lent) == 0)
        #expect(unsafe alula_released_tokens(&tokens, 8, &count) == 0)
        #expect(!tokens.prefix(count).contains(0), "memory without a token is nobody's business")
    }
}

/// Lets go of the stream in ``InterfaceTests/borrowedMemoryIsReadWhenTheCopyRuns()``.
private let isOpen = Atomic(false)
