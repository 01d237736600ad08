// SPDX-License-Identifier: Apache-2.0

import AlulaOperators
import AlulaPlan
import AlulaTensor
import AlulaTesting
import Testing

/// Runs instances in one real workspace and compares with a run in which every value has memory of its own.
@Suite("Memory plan")
struct MemoryPlanTests {
    @Test(arguments: 0..<60)
    func sharedMemoryGivesTheSameOutputs(seed: Int) throws {
        var generator = SeededRandom(seed: UInt64(seed))
        let batch = seed % 3 == 0 ? 2 : 1
        let plan = Self.randomPlan(batch: batch, &generator)
        let instance = try PlanInstance(plan, inputShapes: Array(repeating: [batch, 3, 4], count: 2)) { _, _ in
            seed % 2 == 0
        }
        let inputs = (0..<2).map { input in
            Tensor((0..<batch * 12).map { Float($0 * (input + 1)) * 0.1 }, shape: [batch, 3, 4])
        }
        let expected = try Self.runApart(plan, instance.shapes, inputs)
        let got = try Self.runInPlace(instance, inputs)
        for (expected, got) in zip(expected, got) {
            #expect(expected.elements(as: Float.self) == got.elements(as: Float.self), "seed \(seed)")
        }
    }

    /// What is cut in pieces and joined again, with something behind it, is copied nowhere.
    @Test func piecesThatAreJoinedAgainStayWhereTheyAre() throws {
        var builder = PlanBuilder()
        let input = builder.input("x", [1, 6, 4])
        let whole = builder.step(TestSum(), input, input)
        let bounds = [0, 2, 6, 1].map { builder.constant(Tensor([Int64($0)], shape: [1])) }
        let first = builder.step(Slice(), whole, bounds[0], bounds[1], bounds[3])
        let second = builder.step(Slice(), whole, bounds[1], bounds[2], bounds[3])
        let more = builder.step(TestSum(), second, second)
        let joined = builder.step(TestConcat(axis: 1), first, second, more)
        builder.output(builder.step(TestSum(), joined, joined), "y", [1, 10, 4])
        let instance = try PlanInstance(builder.plan, inputShapes: [[1, 6, 4]]) { _, _ in false }
        let names = instance.steps.map { instance.plan.steps[$0.planIndex].operation.name }
        #expect(names == [TestSum.name, TestSum.name, TestSum.name])
        #expect(instance.placements[second].byteOffset - instance.placements[joined].byteOffset == 2 * 4 * 4)
        let values = Tensor((0..<24).map { Float($0) }, shape: [1, 6, 4])
        let got = try Self.runInPlace(instance, [values])
        let expected = try Self.runApart(builder.plan, instance.shapes, [values])
        #expect(got[0].elements(as: Float.self) == expected[0].elements(as: Float.self))
    }

    /// A random mixture of readers of everything, views and concatenations over values `[batch, n, 4]`.
    static func randomPlan(batch: Int, _ generator: inout SeededRandom) -> Plan {
        var builder = PlanBuilder()
        var pool = [builder.input("a", [.fixed(batch), 3, 4]), builder.input("b", [.fixed(batch), 3, 4])]
        pool.append(
            builder.constant(Tensor((0..<batch * 8).map { Float($0) - 3 }, shape: [batch, 2, 4]))
        )
        var channels = [pool[0]: 3, pool[1]: 3, pool[2]: 2]
        for _ in 0..<Int.random(in: 4...24, using: &generator) {
            let first = pool[Int.random(in: 0..<pool.count, using: &generator)]
            let second = pool[Int.random(in: 0..<pool.count, using: &generator)]
            let made: Int
            var count = channels[first] ?? 0
            func slice(_ start: Int, _ end: Int) -> Int {
                let bounds = [start, end, 1].map { builder.constant(Tensor([Int64($0)], shape: [1])) }
                return builder.step(Slice(), first, bounds[0], bounds[1], bounds[2])
            }
            switch Int.random(in: 0..<10, using: &generator) {
            case 0, 1: made = builder.step(TestSum(), first, second)
            case 2: made = builder.step(Identity(), first)
            case 3:
                let shape = builder.constant(Tensor([Int64(batch), Int64(count), 4], shape: [3]))
                made = builder.step(TestReshape(), first, shape)
            case 4, 5:
                // A run of channels: a view where there is one image.
                let start = Int.random(in: 0..<count, using: &generator)
                let end = Int.random(in: start + 1...count, using: &generator)
                made = slice(start, end)
                count = end - start
            case 6...7 where count >= 2:
                // Cut in two and joined again, with something behind.
                let cut = Int.random(in: 1..<count, using: &generator)
                let pieces = [slice(0, cut), slice(cut, count)]
                channels[pieces[0]] = cut
                pool.append(pieces[0])
                made = builder.step(TestConcat(axis: 1), pieces[0], pieces[1], second)
                count += channels[second] ?? 0
            default:
                made = builder.step(TestConcat(axis: 1), first, second)
                count += channels[second] ?? 0
            }
            channels[made] = count
            if count < 200 { pool.append(made) }
        }
        let constants = 3
        let outputs = pool.dropFirst(constants).shuffled(using: &generator).prefix(3)
        for (index, value) in outputs.enumerated() {
            let dimensions: [Dimension] = [.fixed(batch), .fixed(channels[value] ?? 0), 4]
            builder.output(value, "output\(index)", dimensions)
        }
        return builder.plan
    }

    static func runApart(_ plan: Plan, _ shapes: PlanShapes, _ inputs: [Tensor]) throws -> [Tensor] {
        var memory: [Int: Tensor] = [:]
        var outputs: [Int: Tensor] = [:]
        for (index, value) in plan.values.enumerated() {
            switch value.kind {
            case .constant(let tensor): memory[index] = tensor
            case .binding(let binding) where binding < inputs.count: memory[index] = inputs[binding]
            default: break
            }
        }
        for step in plan.steps {
            let arguments = step.inputs.map { $0.flatMap { memory[$0] } }
            let types = try step.operation.inferOutputs(arguments.map { $0.map { OperatorInput($0) } })
            let results = types.map { Tensor(zeros: $0.dataType, shape: $0.shape) }
            try step.operation.evaluate(arguments, into: results)
            for (output, result) in zip(step.outputs, results) {
                guard let output else { continue }
                memory[output] = result
                if case .binding(let binding) = plan.values[output].kind { outputs[binding] = result }
            }
        }
        return outputs.sorted { $0.key < $1.key }.map(\.value)
    }

    static func runInPlace(_ instance: PlanInstance, _ inputs: [Tensor]) throws -> [Tensor] {
        let plan = instance.plan
        let workspace = TensorStorage(zeroedByteCount: instance.workspaceByteCount)
        let bindings = zip(plan.bindings, instance.bindingTypes).enumerated().map { index, pair in
            index < inputs.count ? inputs[index] : Tensor(zeros: pair.0.dataType, shape: pair.1?.shape ?? .scalar)
        }
        func tensor(_ placement: PlanInstance.Placement, _ type: TensorType) throws -> Tensor? {
            let storage: TensorStorage
            switch placement.base {
            case .constant(let tensor): return tensor
            case .workspace: storage = workspace
            case .binding(let index): storage = bindings[index].storage
            case .none, .dynamic: return nil
            }
            return Tensor(
                dataType: type.dataType,
                shape: type.shape,
                storage: storage,
                byteOffset: placement.byteOffset,
                outerStrideElements: placement.outerStrideElements
            )
        }
        func tensor(_ value: Int?) throws -> Tensor? {
            guard let value, let type = instance.shapes.types[value] else { return nil }
            return try tensor(instance.placements[value], type)
        }
        for running in instance.steps {
            let step = plan.steps[running.planIndex]
            if case .copies(let copies) = running.form {
                for copy in copies {
                    let source = try #require(try tensor(copy.source))
                    try #require(try tensor(copy.destination, copy.type)).copyElements(from: source)
                }
                continue
            }
            let arguments = try step.inputs.map { try tensor($0) }
            let target = try #require(try tensor(step.outputs[0]))
            // The scalar definitions want contiguous outputs: kernels that accept strides are imitated by a copy.
            let result = target.isContiguous ? target : Tensor(zeros: target.dataType, shape: target.shape)
            try step.operation.evaluate(arguments, into: [result])
            if !target.isContiguous { target.copyElements(from: result) }
        }
        return Array(bindings[inputs.count...])
    }
}
