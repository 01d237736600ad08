// SPDX-License-Identifier: Apache-2.0

import AlulaKernels
import AlulaOperators
import AlulaPlan
import AlulaRuntime
import AlulaTensor
import Synchronization
import Testing

/// Work in flight owns what it touches; failures name their layer; replays are checked.
@Suite struct ContextLifetimeTests {
    // MARK: - Any order of destruction

    /// What one inference needs, to be let go of in any order.
    private struct Parts {
        var device: Device?
        var engine: Engine?
        var context: ExecutionContext?
        var stream: ExecutionStream?
        var memory: [DeviceMemory]
    }

    @Test(arguments: 0..<24) func everythingMayGoWhileWorkIsInFlight(order: Int) throws {
        let gate = Gate()
        let ran = Atomic(0)
        let plan = Networks.scripted(
            Scripted {
                gate.wait()
                ran.wrappingAdd(1, ordering: .relaxed)
            }
        )
        let device = try Device.cpu(threads: 2)
        let engine = try Engine(plan)
        let done = ExecutionEvent()
        var parts = Parts(
            device: device,
            engine: engine,
            context: try engine.makeExecutionContext(on: device),
            stream: try device.makeStream(),
            memory: [try device.memory([Float(1), 2, 3, 4]), try device.allocate(byteCount: 16)]
        )
        for _ in 0..<3 {
            if let stream = parts.stream { try parts.context?.enqueue(bindings: parts.memory, on: stream) }
        }
        try parts.stream?.record(done)
        // The `order`-th permutation of the four.
        var remaining = [0, 1, 2, 3]
        var index = order
        for divisor in [6, 2, 1, 1] {
            switch remaining.remove(at: index / divisor % max(1, remaining.count)) {
            case 0: parts.engine = nil
            case 1: parts.context = nil
            case 2: parts.stream = nil
            default: parts.memory = []
            }
            index %= max(1, divisor)
        }
        parts.device = nil
        gate.open()
        try done.synchronize()
        #expect(ran.load(ordering: .relaxed) == 3)
    }

    @Test func buffersFreedInFlightKeepTheirBytes() throws {
        let device = try Device.cpu(threads: 1)
        let stream = ExecutionStream.handCranked(on: device)
        let context = try Engine(Networks.fixed).makeExecutionContext(on: device)
        let input = try device.memory([Float(1), 2, 3, 4])
        let output = try device.allocate(byteCount: 16)
        try context.enqueue(bindings: [input, output], on: stream)
        try input.free()
        crankAll(stream)
        #expect(try output.floats(4, on: device) == [3, 4, 5, 6])
    }

    @Test func nothingIsKeptOnceTheWorkIsDone() throws {
        let device = try Device.cpu(threads: 1)
        let stream = ExecutionStream.handCranked(on: device)
        let context = try Engine(Networks.fixed).makeExecutionContext(on: device)
        weak var storage: TensorStorage?
        do {
            let input = try device.memory([Float(1), 2, 3, 4])
            let output = try device.allocate(byteCount: 16)
            storage = try input.memoryRange().allocation.tensorStorage
            try context.enqueue(bindings: [input, output], on: stream)
        }
        #expect(storage != nil)
        crankAll(stream)
        #expect(storage == nil)
    }

    // MARK: - Sharing

    @Test func contextsShareInstancesAndWeights() throws {
        let device = try Device.cpu(threads: 1)
        let made = Atomic(0)
        let family = KernelCatalogue.Family("counting") { operation, inputs, outputs in
            made.wrappingAdd(1, ordering: .relaxed)
            return nil
        }
        let engine = try Engine(Networks.fixed, kernels: KernelCatalogue(families: [family]))
        let contexts = try (0..<5).map { _ in try engine.makeExecutionContext(on: device) }
        #expect(contexts.count == 5)
        #expect(made.load(ordering: .relaxed) == 3, "one kernel a step, whatever the number of contexts")
    }

    @Test func contextsOfOneEngineRunAtOnce() throws {
        let device = try Device.cpu(threads: 2, teams: 2)
        let engine = try Engine(Networks.implicit(maxBatchSize: 4))
        struct Lane {
            let context: ExecutionContext
            let stream: ExecutionStream
            let input: DeviceMemory
            let outputs: [DeviceMemory]
        }
        let lanes = try (0..<4).map { lane in
            Lane(
                context: try engine.makeExecutionContext(on: device),
                stream: try device.makeStream(),
                input: try device.memory((0..<12).map { Float($0 * (lane + 1)) - 5 }),
                outputs: try (0..<25).map { _ in try device.allocate(byteCount: 48) }
            )
        }
        for round in 0..<25 {
            for lane in lanes {
                let batch = round % 4 + 1
                try lane.context.enqueue(
                    batchSize: batch,
                    bindings: [lane.input, lane.outputs[round]],
                    on: lane.stream
                )
            }
        }
        for (number, lane) in lanes.enumerated() {
            try lane.stream.synchronize()
            for round in 0..<25 {
                let count = (round % 4 + 1) * 3
                let expected = (0..<count).map { max(Float($0 * (number + 1)) - 5, 0) + 1 }
                #expect(try lane.outputs[round].floats(count, on: device) == expected)
            }
        }
    }

    // MARK: - Failures and profiles

    @Test func failureInsideAStepNamesCommandLayerAndCallSite() throws {
        let device = try Device.cpu(threads: 1)
        let stream = ExecutionStream.handCranked(on: device, name: "main")
        let plan = Networks.scripted(
            Scripted { () throws(OperatorError) in
                throw .invalidValue(operator: "Scripted", input: 0, got: "seven", expected: "six")
            }
        )
        let context = try Engine(plan).makeExecutionContext(on: device)
        let memory = [try device.memory([Float(1), 2, 3, 4]), try device.allocate(byteCount: 16)]
        let consumed = ExecutionEvent()
        try context.enqueue(bindings: memory, on: stream, inputConsumed: consumed)
        let line = #line - 1
        crankAll(stream)
        let text = refusal(.failedComputation) { () throws(ExecutionError) in try stream.synchronize() }
        #expect(text.contains("layer 'scripted'") && text.contains("seven"))
        #expect(text.contains("from execute"))
        #expect(text.contains("ContextLifetimeTests.swift:\(line)"))
        // Later work is skipped until the failure is cleared, then runs.
        stream.clearError()
        #expect(stream.failure == nil)
    }

    @Test func profilerReceivesEveryLayerInOrder() throws {
        let device = try Device.cpu(threads: 1)
        let stream = ExecutionStream.handCranked(on: device)
        let context = try Engine(Networks.fixed).makeExecutionContext(on: device)
        let memory = [try device.memory([Float(1), 2, 3, 4]), try device.allocate(byteCount: 16)]
        let recorder = LayerTimeRecorder()
        context.profiler = recorder
        for _ in 0..<2 { try context.enqueue(bindings: memory, on: stream) }
        #expect(recorder.layers.isEmpty)
        crankAll(stream)
        #expect(recorder.layers.map(\.name) == ["add", "relu", "add again"])
        #expect(recorder.layers.allSatisfy { $0.milliseconds.count == 2 && $0.milliseconds.allSatisfy { $0 >= 0 } })
    }

    // MARK: - Replay

    @Test func replayAfterFreeingABindingIsRefused() throws {
        let device = try Device.cpu(threads: 1)
        let stream = ExecutionStream.handCranked(on: device)
        let context = try Engine(Networks.fixed).makeExecutionContext(on: device)
        let memory = [try device.memory([Float(1), 2, 3, 4]), try device.allocate(byteCount: 16)]
        try stream.beginCapture()
        try context.enqueue(bindings: memory, on: stream)
        let graph = try stream.endCapture().instantiate()
        try stream.launch(graph)
        crankAll(stream)
        #expect(try memory[1].floats(4, on: device) == [3, 4, 5, 6])
        try memory[0].free()
        let text = refusal(.invalidState) { () throws(ExecutionError) in try stream.launch(graph) }
        #expect(text.contains("binding 'input'") && text.contains("freed"))
    }

    @Test func replayAfterChangingShapesIsRefused() throws {
        let device = try Device.cpu(threads: 1)
        let stream = ExecutionStream.handCranked(on: device)
        let context = try Engine(Networks.dynamic).makeExecutionContext(on: device)
        let memory = [try device.allocate(byteCount: 96), try device.allocate(byteCount: 96)]
        try context.setInputShape([2, 3], for: "input")
        try stream.beginCapture()
        try context.enqueue(bindings: memory, on: stream)
        let graph = try stream.endCapture().instantiate()
        try context.setInputShape([4, 3], for: "input")
        let text = refusal(.invalidState) { () throws(ExecutionError) in try stream.launch(graph) }
        #expect(text.contains("[[4, 3]]") && text.contains("[[2, 3]]"))
        try context.setInputShape([2, 3], for: "input")
        try stream.launch(graph)
        crankAll(stream)
        #expect(stream.failure == nil)
    }

    @Test func replayCountsAsInFlight() throws {
        let device = try Device.cpu(threads: 1)
        let stream = ExecutionStream.handCranked(on: device, name: "main")
        let other = ExecutionStream.handCranked(on: device, name: "other")
        let context = try Engine(Networks.fixed).makeExecutionContext(on: device)
        let memory = [try device.allocate(byteCount: 16), try device.allocate(byteCount: 16)]
        try stream.beginCapture()
        try context.enqueue(bindings: memory, on: stream)
        let graph = try stream.endCapture().instantiate()
        // Captured work is not in flight.
        try context.enqueue(bindings: memory, on: other)
        refusal(.invalidState) { () throws(ExecutionError) in try stream.launch(graph) }
        crankAll(other)
        try stream.launch(graph)
        try context.enqueue(bindings: memory, on: stream)
        refusal(.invalidState) { () throws(ExecutionError) in try context.enqueue(bindings: memory, on: other) }
        crankAll(stream)
        try context.enqueue(bindings: memory, on: other)
        crankAll(other)
    }

    // MARK: - Kernels

    /// Doubles rows of its input, part by part.
    private struct DoublingKernel: Kernel {
        let identifier = "f32_doubling"
        let partCount: Int
        let acceptsStridedOutput = true

        func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
            guard let src = inputs[0]?.outerRow(part), let dst = outputs[0]?.outerRow(part) else { return }
            let source = src.span(of: Float.self)
            var target = dst.mutableSpan(of: Float.self)
            for index in 0..<source.count { target[index] = source[index] * 2 }
        }
    }

    @Test func kernelsReplaceTheScalarDefinitionAndWriteConcatenationsInPlace() throws {
        var builder = NetworkBuilder()
        let input = builder.input("input", [3, 2])
        let left = builder.step("left", Relu(), input)
        let right = builder.step("right", Relu(), input)
        let joined = builder.step("join", Concat(axis: 1), left, right)
        builder.output(joined, "output", [3, 4])
        let family = KernelCatalogue.Family("doubling") { operation, inputs, outputs in
            operation is Relu ? DoublingKernel(partCount: outputs[0].shape[0]) : nil
        }
        let device = try Device.cpu(threads: 2)
        let engine = try Engine(builder.plan, kernels: KernelCatalogue(families: [family]))
        let context = try engine.makeExecutionContext(on: device)
        #expect(context.workspaceByteCount == 0)
        let memory = [try device.memory((0..<6).map { Float($0) }), try device.allocate(byteCount: 48)]
        try context.executeV2(bindings: memory)
        #expect(try memory[1].floats(12, on: device) == [0, 2, 0, 2, 4, 6, 4, 6, 8, 10, 8, 10])
    }
}
