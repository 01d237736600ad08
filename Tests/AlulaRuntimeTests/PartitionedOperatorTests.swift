// SPDX-License-Identifier: Apache-2.0

import AlulaOperators
import AlulaPlan
import AlulaRuntime
import AlulaSystem
import AlulaTensor
import Synchronization
import Testing

/// Doubles its input, element by element or part by part; the scalar definition adds 1000 so that tests see which ran.
private struct Doubling: PartitionedOperator {
    static let name = "Doubling"
    var attributes: Attributes { [:] }
    var parts = 1
    /// Parts that fail.
    var failing: Set<Int> = []
    var partsRun: Log<Int>?

    init(parts: Int, failing: Set<Int> = [], partsRun: Log<Int>? = nil) {
        self.parts = parts
        self.failing = failing
        self.partsRun = partsRun
    }

    init(attributes: Attributes) throws(OperatorError) {}

    func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        [try CheckedInputs(inputs, of: Self.name, count: 1...1).required(0).type]
    }

    func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let input = inputs[0], let output = outputs[0] else { return }
        let src = input.span(of: Float.self)
        var dst = output.mutableSpan(of: Float.self)
        for index in 0..<dst.count { dst[index] = 2 * src[index] + 1000 }
    }

    func partCount(inputs: [TensorType?], outputs: [TensorType]) -> Int { parts }

    func evaluate(
        part: Int,
        of partCount: Int,
        inputs: [Tensor?],
        outputs: [Tensor?]
    ) throws(OperatorError) {
        partsRun?.append(part)
        guard !failing.contains(part) else {
            throw .invalidValue(operator: Self.name, input: 0, got: "part \(part)", expected: "another")
        }
        guard let input = inputs[0], let output = outputs[0] else { return }
        let src = input.span(of: Float.self)
        var dst = output.mutableSpan(of: Float.self)
        for index in part * dst.count / partCount..<(part + 1) * dst.count / partCount { dst[index] = 2 * src[index] }
    }
}

/// Operators with parts of their own, as a user registers them.
@Suite struct PartitionedOperatorTests {
    private let device: Device

    init() throws { device = try Device.cpu(threads: 2) }

    private func plan(_ operation: Doubling, of shape: [Dimension] = [7]) -> Plan {
        var builder = NetworkBuilder()
        let input = builder.input("input", shape)
        builder.output(builder.step("double", operation, input), "output", shape)
        return builder.plan
    }

    @Test(arguments: [1, 2, 3, 7, 16])
    func everyPartRunsOnceWhateverTheirNumber(parts: Int) throws {
        let log = Log<Int>()
        let engine = try Engine(plan(Doubling(parts: parts, partsRun: log)))
        let context = try engine.makeExecutionContext(on: device)
        let src = try device.memory([0, 1, 2, 3, 4, 5, 6] as [Float])
        let dst = try device.allocate(byteCount: 28)
        try context.executeV2(bindings: [src, dst])
        #expect(try dst.floats(7, on: device) == [0, 2, 4, 6, 8, 10, 12])
        #expect(log.entries.sorted() == Array(0..<parts))
    }

    @Test func aPartCountBelowOneCountsAsOne() throws {
        let engine = try Engine(plan(Doubling(parts: 0)))
        let context = try engine.makeExecutionContext(on: device)
        let dst = try device.allocate(byteCount: 28)
        try context.executeV2(bindings: [try device.memory([1, 2, 3, 4, 5, 6, 7] as [Float]), dst])
        #expect(try dst.floats(7, on: device) == [2, 4, 6, 8, 10, 12, 14])
    }

    @Test func theLowestFailingPartIsReportedWithItsLayer() throws {
        let log = Log<Int>()
        let engine = try Engine(plan(Doubling(parts: 8, failing: [5, 3, 6], partsRun: log)))
        let context = try engine.makeExecutionContext(on: device)
        let text = refusal(.failedComputation) { () throws(ExecutionError) in
            try context.executeV2(bindings: [try device.allocate(byteCount: 28), try device.allocate(byteCount: 28)])
        }
        #expect(text.contains("part 3") && text.contains("double"))
        #expect(log.entries.count == 8, "the other parts still run")
    }

    @Test func stepsSizedByTheRunUsePartsToo() throws {
        var builder = NetworkBuilder()
        let input = builder.input("input", [6])
        let found = builder.step("find", NonZero(), input)
        let floats = builder.step("cast", Cast(to: .float32), found)
        let doubled = builder.step("double", Doubling(parts: 2), floats)
        builder.output(doubled, "output", [1, .symbolic("")])
        let context = try Engine(builder.plan).makeExecutionContext(on: device)
        let dst = try device.allocate(byteCount: 24)
        try context.executeV2(bindings: [try device.memory([0, 1, 0, 1, 1, 0] as [Float]), dst])
        #expect(try dst.floats(3, on: device) == [2, 6, 8])
    }
}
