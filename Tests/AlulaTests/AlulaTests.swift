// SPDX-License-Identifier: Apache-2.0

import Alula
import Testing

/// The quick start's Swift code, with a network small enough to check by hand and only the public interface.
@Suite struct QuickStartTests {
    /// `relu(x + [1, -1])` on `[batch, 2]`.
    private func graph(batch: Dimension) -> Graph {
        var graph = Graph(name: "quickstart")
        let x = graph.addInput("x", .float32, [batch, 2])
        let shift = graph.addConstant(Tensor([1, -1] as [Float], shape: [2]), name: "shift")
        let sum = graph.append(Add(), x, shift, name: "sum")
        graph.markOutput(graph.append(Relu(), sum, name: "y"))
        return graph
    }

    @Test func aNetworkRunsAsTheQuickStartSays() throws {
        let engine = try Engine(try Builder().build(graph(batch: 1)))
        let device = try Device.cpu()
        let stream = try device.makeStream()
        let context = try engine.makeExecutionContext(on: device)
        let pixels: [Float] = [0.5, 0.25]
        let input = try device.allocate(byteCount: 8)
        let output = try device.allocate(byteCount: 8)
        var result: [Float] = [9, 9]
        try stream.copy(fromPageable: pixels.span, to: input)
        try context.enqueue(bindings: [input, output], on: stream)
        try stream.copy(from: output, toPageable: &result)
        #expect(result == [1.5, 0])
    }

    @Test func theThreeCallsGiveTheSameResult() throws {
        let device = try Device.cpu(threads: 1)
        let stream = try device.makeStream()
        var implicit = BuilderConfiguration()
        implicit.batchMode = .implicit(maxBatchSize: 3)
        let batched = try Engine(try Builder(implicit).build(graph(batch: .symbolic("N"))))
        var ranged = BuilderConfiguration()
        ranged.profiles = [OptimizationProfile(["x": .init(min: [1, 2], opt: [2, 2], max: [3, 2])])]
        let explicit = try Engine(try Builder(ranged).build(graph(batch: .symbolic("N"))))

        let pixels: [Float] = [1, 2, 3, 4, -5, 6]
        let input = try device.allocate(byteCount: 24)
        let outputs = try (0..<3).map { _ in try device.allocate(byteCount: 24) }
        try stream.copy(fromPageable: pixels.span, to: input)

        let first = try batched.makeExecutionContext(on: device)
        try first.executeAsync(batchSize: 3, bindings: [input, outputs[0]], stream: stream)
        let second = try explicit.makeExecutionContext(on: device)
        try second.setInputShape([3, 2], for: "x")
        try second.executeAsyncV2(bindings: [input, outputs[1]], stream: stream)
        try stream.synchronize()
        try second.setAddress(input, for: "x")
        try second.setAddress(outputs[2], for: "y")
        try second.executeAsyncV3(stream: stream)

        for output in outputs {
            var result = [Float](repeating: .nan, count: 6)
            try stream.copy(from: output, toPageable: &result)
            #expect(result == [2, 1, 4, 3, 0, 5])
        }
    }

    @Test func aPlanSurvivesItsBytes() throws {
        let plan = try Builder().build(graph(batch: 1))
        let engine = try Engine(plan.serializedBytes())
        #expect(engine.bindings == plan.bindings)
        #expect(engine.bindingIndex(named: "y") == 1)
    }
}
