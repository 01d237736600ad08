// SPDX-License-Identifier: Apache-2.0

import AlulaOperators
import AlulaPlan
import AlulaRuntime
import AlulaTensor
import Testing

/// What an engine tells of its layers, against what its profiler hears.
@Suite struct LayerInformationTests {
    /// A view, a kernel, an operator without one, and a concatenation one of whose inputs cannot be written in place.
    private var plan: Plan {
        var builder = NetworkBuilder()
        let input = builder.input("input", [2, 8])
        let shape = builder.constant(Tensor([4, 4] as [Int64], shape: [2]))
        let view = builder.step("view", Reshape(), input, shape)
        let weights = builder.constant(Tensor([Float](repeating: 0.5, count: 16), shape: [4, 4]))
        let sum = builder.step("add", Add(), view, weights)
        let copy = builder.step("scripted", Scripted {}, sum)
        builder.output(builder.step("join", Concat(axis: 0), copy, view), "output", [8, 4])
        return builder.plan
    }

    @Test func runningLayersAreThoseTheProfilerHearsOf() throws {
        let engine = try Engine(plan)
        let layers = try engine.layers(inputShapes: [[2, 8]])
        #expect(layers.map(\.name) == ["view", "add", "scripted", "join"])
        let device = try Device.cpu(threads: 1)
        let context = try engine.makeExecutionContext(on: device)
        let recorder = LayerTimeRecorder()
        context.profiler = recorder
        let memory = [try device.memory([Float](repeating: 1, count: 16)), try device.allocate(byteCount: 128)]
        try context.executeV2(bindings: memory)
        #expect(layers.filter(\.isRunning).map(\.name) == recorder.layers.map(\.name))
    }

    @Test func everyOperandCountsOnceAsStored() throws {
        let layers = try Engine(plan).layers(inputShapes: [[2, 8]])
        #expect(layers[0].execution == .inPlace)
        #expect(layers[0].activationByteCount == 0 && layers[0].constantByteCount == 0)
        guard case .kernel(let identifier, let tactic) = layers[1].execution else {
            Issue.record("\(layers[1].execution)")
            return
        }
        #expect(!identifier.isEmpty && !tactic.isEmpty)
        #expect(layers[1].constantByteCount == 64 && layers[1].activationByteCount == 128)
        #expect(layers[1].floatingPointOperations == 16)
        #expect(layers[1].inputs[1]?.isConstant == true && layers[1].inputs[0]?.layout == "planar")
        #expect(layers[2].execution == .reference)
        // The scripted layer wrote its half in place; the input binding's half is read and written.
        #expect(layers[3].execution == .copies(count: 1) && layers[3].activationByteCount == 128)
    }

    @Test func anOperandReadTwiceCountsOnce() throws {
        var builder = NetworkBuilder()
        let input = builder.input("input", [1000])
        builder.output(builder.step("square", Mul(), input, input), "output", [1000])
        let layers = try Engine(builder.plan).layers(inputShapes: [[1000]])
        #expect(layers[0].activationByteCount == 8000)
    }

    @Test func whatIsSizedByRunningIsMarked() throws {
        let layers = try Engine(Networks.contentSized).layers(inputShapes: [[6]])
        #expect(layers.first { $0.name == "copy" }?.execution == .dynamic)
        #expect(layers.first { $0.name == "copy" }?.inputs.first??.type == nil)
    }

    @Test func otherShapesAreRefused() throws {
        let engine = try Engine(plan)
        refusal(.invalidArgument) { () throws(ExecutionError) in _ = try engine.layers(inputShapes: [[3, 8]]) }
    }

    @Test func theRooflineTakesTheLongerOfTwoTimes() {
        let roofline = Roofline(gigaflops: 100, gigabytesPerSecond: 10)
        #expect(roofline.milliseconds(floatingPointOperations: 1_000_000_000, byteCount: 1000) == 10)
        #expect(roofline.milliseconds(floatingPointOperations: 0, byteCount: 10_000_000) == 1)
        #expect(roofline.isBoundByArithmetic(floatingPointOperations: 1000, byteCount: 10))
        #expect(!roofline.isBoundByArithmetic(floatingPointOperations: 1000, byteCount: 1000))
    }
}
