// SPDX-License-Identifier: Apache-2.0

import AlulaBuilder
import AlulaGraph
import AlulaOperators
import AlulaPlan
import AlulaTensor
import Testing

/// x → Relu → Identity → y with the given extents of x.
private func makeNetwork(_ dimensions: [Dimension]) -> Graph {
    var graph = Graph(name: "net")
    let x = graph.addInput("x", .float32, dimensions)
    let a = graph.append(Relu(), x, name: "a")
    graph.markOutput(graph.append(Identity(), a, name: "y"))
    return graph
}

private func profile(_ min: Shape, _ opt: Shape, _ max: Shape, of name: String = "x") -> OptimizationProfile {
    OptimizationProfile([name: .init(min: min, opt: opt, max: max)])
}

@Suite struct BuilderTests {
    @Test func aFixedNetworkLowersToStepsWithBindingsInNetworkOrder() throws {
        let (plan, report) = try Builder().buildWithReport(makeNetwork([2, 3]))
        #expect(plan.name == "net")
        #expect(
            plan.bindings == [
                Binding(name: "x", mode: .input, dataType: .float32, dimensions: [2, 3]),
                Binding(name: "y", mode: .output, dataType: .float32, dimensions: [2, 3]),
            ]
        )
        #expect(plan.steps.map(\.name) == ["a"])
        #expect(plan.steps[0].inputs == [0])
        #expect(plan.steps[0].outputs == [1])
        #expect(report.remarks.map(\.description) == ["remove-identities: removed 'y' (Identity)"])
        #expect(report.steps[0].floatingPointOperations == 6)
        #expect(report.steps[0].byteCount == 48)
    }

    @Test func symbolsOfInputsNameTheExtentsOfOutputs() throws {
        var configuration = BuilderConfiguration()
        configuration.profiles = [profile([1, 3, 8], [2, 3, 16], [4, 3, 16])]
        let plan = try Builder(configuration).build(makeNetwork([.symbolic("N"), 3, .symbolic("W")]))
        #expect(plan.bindings[1].dimensions == [.symbolic("N"), 3, .symbolic("W")])
        #expect(plan.profiles == configuration.profiles)
    }

    @Test func aProfileOfOneShapeMakesShapeArithmeticConstant() throws {
        var graph = Graph()
        let x = graph.addInput("x", .float32, [.symbolic("N"), 3])
        let a = graph.append(Reshape(), x, graph.append(ShapeOf(), x, name: "s"), name: "a")
        graph.markOutput(graph.append(Relu(), a, name: "y"))
        for (largest, steps) in [(2, ["y"]), (4, ["s", "a", "y"])] {
            var configuration = BuilderConfiguration()
            configuration.profiles = [profile([2, 3], [2, 3], [largest, 3])]
            #expect(try Builder(configuration).build(graph).steps.map(\.name) == steps)
        }
    }

    @Test(arguments: [1, 8])
    func implicitBatchDropsTheLeadingExtent(maxBatchSize: Int) throws {
        var configuration = BuilderConfiguration()
        configuration.batchMode = .implicit(maxBatchSize: maxBatchSize)
        for leading in [Dimension.fixed(1), .symbolic("N")] {
            let plan = try Builder(configuration).build(makeNetwork([leading, 3]))
            #expect(plan.batchMode == .implicit(maxBatchSize: maxBatchSize))
            #expect(plan.bindings.map(\.dimensions) == [[3], [3]])
        }
    }

    @Test func networksThatCannotBeImplicitAreRefusedByBinding() {
        var configuration = BuilderConfiguration()
        configuration.batchMode = .implicit(maxBatchSize: 4)
        func expect(_ error: BuilderError, _ graph: Graph) {
            #expect(throws: error) { try Builder(configuration).build(graph) }
        }
        let varying: [Dimension] = [.symbolic("N"), .symbolic("W")]
        expect(.implicitBatch(binding: "x", got: "extents \(varying)"), makeNetwork(varying))
        expect(.implicitBatch(binding: "x", got: "extents \([2, 3] as [Dimension])"), makeNetwork([2, 3]))
        var constant = makeNetwork([1, 3])
        constant.markOutput(constant.addConstant(Tensor(zeros: .float32, shape: [1, 2]), name: "c"))
        expect(.implicitBatch(binding: "c", got: "extents \([1, 2] as [Dimension])"), constant)
        configuration.profiles = [profile([1, 3], [1, 3], [1, 3])]
        expect(.profilesWithImplicitBatch, makeNetwork([1, 3]))
        configuration.batchMode = .implicit(maxBatchSize: 0)
        expect(.maxBatchSize(got: 0), makeNetwork([1, 3]))
    }

    @Test func everyFaultOfAProfileIsNamed() {
        let dimensions: [Dimension] = [.symbolic("N"), 3, .symbolic("N")]
        func expect(_ error: BuilderError, _ profiles: [OptimizationProfile]) {
            var configuration = BuilderConfiguration()
            configuration.profiles = profiles
            #expect(throws: error) { try Builder(configuration).build(makeNetwork(dimensions)) }
        }
        let good = Shape([1, 3, 1])
        expect(.missingProfile(input: "x", dimensions: dimensions), [])
        expect(.missingProfile(input: "x", dimensions: dimensions), [OptimizationProfile()])
        expect(.unknownProfileInput(profile: 0, input: "z", known: ["x"]), [profile(good, good, good, of: "z")])
        expect(
            .profileShape(profile: 0, input: "x", got: [1, 3], expected: dimensions),
            [profile([1, 3], good, good)]
        )
        expect(
            .profileShape(profile: 1, input: "x", got: [1, 4, 1], expected: dimensions),
            [profile(good, good, good), profile(good, good, [1, 4, 1])]
        )
        expect(
            .profileOrder(profile: 0, input: "x", min: [2, 3, 2], opt: good, max: [2, 3, 2]),
            [profile([2, 3, 2], good, [2, 3, 2])]
        )
        expect(
            .profileSymbol(profile: 0, symbol: "N", got: 2, expected: 1, input: "x"),
            [profile(good, [1, 3, 2], [3, 3, 3])]
        )
    }

    @Test func aProgressCallbackThatSaysNoCancels() {
        var phases: [String] = []
        #expect(throws: BuilderError.cancelled(BuildProgress(phase: "fold-constants", completed: 1, total: 7))) {
            var configuration = BuilderConfiguration()
            configuration.passes = Array(GraphPass.standard.prefix(5))
            _ = try Builder(configuration).build(makeNetwork([1])) { progress in
                phases.append(progress.phase)
                return progress.phase != "fold-constants"
            }
        }
        #expect(phases == ["check", "fold-constants"])
    }

    @Test func aCancelledTaskStopsItsBuild() async {
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            do {
                _ = try Builder().build(makeNetwork([1]))
                return false
            } catch BuilderError.cancelled { return true } catch { return false }
        }
        task.cancel()
        #expect(await task.value)
    }

    @Test func badNodesAreNamedWithTheirOperatorAndShapes() {
        var graph = Graph()
        let x = graph.addInput("x", .bool, [2])
        graph.markOutput(graph.append(Relu(), x, name: "bad"))
        let problem = #expect(throws: BuilderError.self) { try Builder().build(graph) }
        guard case .invalidNode("bad", "Relu", "the declared shapes", .unsupportedDataType)? = problem else {
            Issue.record("got \(String(describing: problem))")
            return
        }
    }

    @Test func operatorsOutsideTheRegistryAreRefused() {
        var configuration = BuilderConfiguration()
        configuration.registry = OperatorRegistry()
        #expect(throws: BuilderError.unregisteredOperator(node: "a", operator: "Relu")) {
            try Builder(configuration).build(makeNetwork([1]))
        }
    }

    @Test func brokenGraphsAreRefused() {
        #expect(throws: BuilderError.invalidNetwork(.noOutputs)) { try Builder().build(Graph()) }
    }
}
