// SPDX-License-Identifier: Apache-2.0

import AlulaOperators
import AlulaPlan
import AlulaTensor
import Testing

@Suite("Plan instance")
struct PlanInstanceTests {
    // MARK: - Shape program

    @Test func shapeArithmeticIsResolvedAndDoesNotRun() throws {
        var builder = PlanBuilder()
        let input = builder.input("input", [.symbolic("N"), 4])
        let relu = builder.step(Relu(), input)
        let copy = builder.step(Identity(), input)
        let shape = builder.step(TestShape(), copy)
        let doubled = builder.step(TestAttributes([:]), shape)
        let reshaped = builder.step(TestReshape(), relu, doubled)
        let sum = builder.step(TestSum(), reshaped)
        builder.output(sum, "output", [.symbolic("N"), 4])
        let instance = try PlanInstance(builder.plan, inputShapes: [[7, 4]])
        // The shape chain, the copy only it read, and the reshape (a view) are gone.
        #expect(instance.steps.map(\.planIndex) == [0, 5])
        #expect(instance.bindingTypes == [TensorType(.float32, [7, 4]), TensorType(.float32, [7, 4])])
    }

    @Test func knownValueIsWrittenWhenItIsAnOutput() throws {
        var builder = PlanBuilder()
        let input = builder.input("input", [.symbolic("N"), 4])
        let shape = builder.step(TestShape(), input)
        builder.output(shape, "shape", [2], .int64)
        let instance = try PlanInstance(builder.plan, inputShapes: [[7, 4]])
        #expect(instance.steps.count == 1)
        #expect(instance.lastInputReader == 0)
    }

    @Test func contentDependentShapesAreDynamicAndSoAreTheirReaders() throws {
        var builder = PlanBuilder()
        let input = builder.input("input", [6])
        let positives = builder.step(TestPositives(), input)
        let relu = builder.step(Relu(), positives)
        let plain = builder.step(Relu(), input)
        builder.output(relu, "positives", nil)
        builder.output(plain, "plain", [6])
        let instance = try PlanInstance(builder.plan, inputShapes: [[6]])
        let forms = instance.steps.map { step in
            if case .dynamic = step.form { true } else { false }
        }
        #expect(forms == [true, true, false])
        #expect(instance.bindingTypes[1] == nil)
        #expect(instance.bindingTypes[2] == TensorType(.float32, [6]))
        guard case .dynamic = instance.placements[positives].base else {
            Issue.record("\(instance.placements[positives])")
            return
        }
    }

    @Test func refusedShapesNameTheBinding() {
        var builder = PlanBuilder()
        let left = builder.input("left", [.symbolic("N"), 4])
        let right = builder.input("right", [.symbolic("N"), 4])
        builder.output(builder.step(TestSum(), left, right), "output", [.symbolic("N"), 4])
        func error(_ shapes: [Shape]) -> PlanError? {
            do {
                _ = try PlanInstance(builder.plan, inputShapes: shapes)
                return nil
            } catch {
                return error
            }
        }
        #expect(error([[2, 4], [2, 4]]) == nil)
        guard case .shapeMismatch("left", [2, 5], _)? = error([[2, 5], [2, 4]]),
            case .shapeMismatch("right", [3, 4], let expected)? = error([[2, 4], [3, 4]]),
            case .malformed? = error([[2, 4]])
        else {
            Issue.record("wrong errors")
            return
        }
        #expect(expected.contains("N = 2"))
    }

    @Test func implicitBatchIsAnExtentLikeAnyOther() throws {
        var builder = PlanBuilder()
        builder.batchMode = .implicit(maxBatchSize: 4)
        let input = builder.input("input", [3, 2])
        builder.output(builder.step(Relu(), input), "output", [3, 2])
        for batch in 1...4 {
            let instance = try PlanInstance(builder.plan, inputShapes: [[batch, 3, 2]])
            #expect(instance.bindingTypes[1]?.shape == [batch, 3, 2])
        }
        #expect(throws: PlanError.self) { try PlanInstance(builder.plan, inputShapes: [[5, 3, 2]]) }
        #expect(throws: PlanError.self) { try PlanInstance(builder.plan, inputShapes: [[3, 2]]) }
    }

    // MARK: - Sharing

    @Test func reshapeIntoAnOutputWritesTheBindingDirectly() throws {
        var builder = PlanBuilder()
        let input = builder.input("input", [2, 6])
        let relu = builder.step(Relu(), input)
        let shape = builder.constant(Tensor([Int64(3), 4], shape: [2]))
        let reshaped = builder.step(TestReshape(), relu, shape)
        builder.output(reshaped, "output", [3, 4])
        let instance = try PlanInstance(builder.plan, inputShapes: [[2, 6]])
        #expect(instance.steps.map(\.planIndex) == [0])
        #expect(instance.workspaceByteCount == 0)
        guard case .binding(1) = instance.placements[relu].base else {
            Issue.record("\(instance.placements[relu])")
            return
        }
    }

    @Test func inputPassedThroughToAnOutputIsCopied() throws {
        var builder = PlanBuilder()
        let input = builder.input("input", [4])
        builder.output(builder.step(Identity(), input), "output", [4])
        let instance = try PlanInstance(builder.plan, inputShapes: [[4]])
        #expect(instance.steps.count == 1)
    }

    private func twoBranches(batch: Int) -> (plan: Plan, pieces: [Int], joined: Int) {
        var builder = PlanBuilder()
        let input = builder.input("input", [.symbolic("N"), 4, 2, 2])
        let left = builder.step(TestResample(channels: 3), input, name: "left")
        let right = builder.step(TestResample(channels: 5), input, name: "right")
        let joined = builder.step(TestConcat(axis: 1), left, right, name: "concat")
        builder.output(builder.step(TestSum(), joined, name: "sum"), "output", [.symbolic("N"), 8, 2, 2])
        return (builder.plan, [left, right], joined)
    }

    @Test func concatenationOfOneImageIsWrittenInPlace() throws {
        let (plan, pieces, joined) = twoBranches(batch: 1)
        let instance = try PlanInstance(plan, inputShapes: [[1, 4, 2, 2]])
        #expect(instance.steps.map { plan.steps[$0.planIndex].name } == ["left", "right", "sum"])
        let start = instance.placements[joined].byteOffset
        #expect(instance.placements[pieces[0]].byteOffset == start)
        #expect(instance.placements[pieces[1]].byteOffset == start + 3 * 4 * 4)
        #expect(pieces.allSatisfy { instance.placements[$0].outerStrideElements == nil })
    }

    @Test func concatenationOfABatchNeedsStridedProducers() throws {
        let (plan, pieces, joined) = twoBranches(batch: 2)
        let refusing = try PlanInstance(plan, inputShapes: [[2, 4, 2, 2]])
        #expect(refusing.steps.count == 4)
        let accepting = try PlanInstance(plan, inputShapes: [[2, 4, 2, 2]]) { _, _ in true }
        #expect(accepting.steps.map { plan.steps[$0.planIndex].name } == ["left", "right", "sum"])
        let start = accepting.placements[joined].byteOffset
        #expect(accepting.placements[pieces[1]].byteOffset == start + 3 * 4 * 4)
        #expect(pieces.allSatisfy { accepting.placements[$0].outerStrideElements == 8 * 4 })
        // One producer can, the other cannot: only the other's piece is copied.
        let mixed = try PlanInstance(plan, inputShapes: [[2, 4, 2, 2]]) { index, _ in index == 0 }
        guard case .copies(let copies) = mixed.steps[2].form else {
            Issue.record("\(mixed.steps)")
            return
        }
        #expect(copies.map(\.source) == [pieces[1]])
    }

    @Test func valueWithOtherReadersStaysContiguous() throws {
        var builder = PlanBuilder()
        let input = builder.input("input", [2, 4, 2, 2])
        let left = builder.step(TestResample(channels: 3), input)
        let right = builder.step(TestResample(channels: 5), input)
        let joined = builder.step(TestConcat(axis: 1), left, right)
        builder.output(builder.step(TestSum(), joined, left), "output", [2, 8, 2, 2])
        let instance = try PlanInstance(builder.plan, inputShapes: [[2, 4, 2, 2]]) { _, _ in true }
        #expect(instance.placements[left].outerStrideElements == nil)
        #expect(instance.placements[right].outerStrideElements == 8 * 4)
    }

    // MARK: - Plans made to exhaust

    @Test func longChainsArePlannedQuickly() throws {
        var builder = PlanBuilder()
        let input = builder.input("input", [16])
        var running = builder.step(Relu(), input)
        for _ in 0..<2000 { running = builder.step(Identity(), running) }
        for _ in 0..<500 { running = builder.step(Relu(), running) }
        builder.output(running, "output", [16])
        let instance = try PlanInstance(builder.plan, inputShapes: [[16]])
        #expect(instance.steps.count == 501)
        #expect(instance.workspaceByteCount == 512)
    }

    @Test func contentsComputedBeforehandAreBounded() throws {
        var builder = PlanBuilder()
        var running = builder.constant(Tensor(zeros: .float32, shape: [4096]))
        // Each step's content takes 16 KiB; unbounded, all of them would be kept.
        for _ in 0..<5000 { running = builder.step(TestAttributes([:]), running) }
        builder.output(running, "output", [4096])
        let instance = try PlanInstance(builder.plan, inputShapes: [])
        let knownByteCount = instance.shapes.known.compactMap { $0?.byteCount }.reduce(0, +)
        #expect(knownByteCount <= (64 << 20) + (16 << 10))
        #expect(instance.steps.count > 0)
    }

    @Test func tooManyStepsAreRefused() {
        var plan = PlanBuilder().plan
        let step = Step(name: "nothing", operation: Relu(), inputs: [], outputs: [])
        plan.steps = Array(repeating: step, count: (1 << 16) + 1)
        #expect(throws: PlanError.self) { try plan.validate() }
        plan.steps.removeLast()
        #expect(throws: Never.self) { try plan.validate() }
    }

    // MARK: - Workspace size

    /// PointPillars' RPN with stand-ins for its convolutions: three blocks, three deconvolutions, heads on the concat.
    @Test func workspaceOfTheRegionProposalNetworkIsNearItsLowerBound() throws {
        var builder = PlanBuilder()
        var running = builder.input("spatial_features", [1, 64, 496, 432])
        var branches: [Int] = []
        for (channels, depth, scale) in [(64, 4, 1), (128, 6, 2), (256, 6, 4)] {
            running = builder.step(TestResample(channels: channels, denominator: 2), running)
            for _ in 0..<depth - 1 { running = builder.step(TestResample(channels: channels), running) }
            branches.append(builder.step(TestResample(channels: 128, numerator: scale), running))
        }
        let joined = builder.step(TestConcat(axis: 1), inputs: branches)
        for (name, channels) in [("cls", 18), ("box", 42), ("dir", 12)] {
            builder.output(
                builder.step(TestResample(channels: channels), joined),
                name,
                [1, .fixed(channels), 248, 216]
            )
        }
        let plan = builder.plan
        let instance = try PlanInstance(plan, inputShapes: [[1, 64, 496, 432]])
        var sizes = [Int]()
        for (index, value) in plan.values.enumerated() {
            guard case .intermediate = value.kind, !branches.contains(index) else { continue }
            sizes.append(instance.shapes.types[index]?.byteCount ?? 0)
        }
        sizes.sort(by: >)
        print("workspace \(instance.workspaceByteCount), two largest \(sizes[0]) + \(sizes[1])")
        #expect(Double(instance.workspaceByteCount) <= Double(sizes[0] + sizes[1]) * 1.15)
    }
}
