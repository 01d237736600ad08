// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaOperators
internal import AlulaTensor
internal import AlulaTesting
internal import Testing

/// A random network of image layers: whatever order its nodes come in, builder and engine must give what the scalar
/// references give.
private struct RandomNetwork {
    var graph = Graph(name: "random")
    private var random: SeededRandom
    /// Values `[1, C, H, W]` that the next node may read, with their shapes.
    private var values: [(id: Graph.ValueID, shape: Shape)] = []

    init(seed: UInt64, nodeCount: Int) {
        random = SeededRandom(seed: seed)
        let shape: Shape = [1, pick([1, 3, 4]), pick([5, 8]), pick([6, 9])]
        values = [(graph.addInput("x", .float32, shape.map(Dimension.fixed)), shape)]
        for index in 0..<nodeCount { addNode("n\(index)") }
        for value in values.suffix(2) where graph[value.id].producer != nil { graph.markOutput(value.id) }
        if graph.outputs.isEmpty { graph.markOutput(graph.append(Relu(), values[0].id, name: "y")) }
    }

    /// The network with every node's value as a further output.
    var graphWithAllValues: Graph {
        var copy = graph
        let inner = graph.nodes.flatMap { graph[$0].outputs.compactMap(\.self) }
        for value in inner where !graph.outputs.contains(value) { copy.markOutput(value) }
        return copy
    }

    mutating func input() -> [Tensor] { [tensor(values[0].shape)] }

    private mutating func pick<T>(_ choices: [T]) -> T { choices[Int.random(in: 0..<choices.count, using: &random)] }

    private mutating func tensor(_ shape: Shape, in range: ClosedRange<Float> = -1...1) -> Tensor {
        Tensor((0..<shape.elementCount).map { _ in Float.random(in: range, using: &random) }, shape: shape)
    }

    private mutating func constant(_ shape: Shape, in range: ClosedRange<Float> = -1...1) -> Graph.ValueID {
        graph.addConstant(tensor(shape, in: range), name: "c")
    }

    private mutating func addNode(_ name: String) {
        // Mostly the newest value, so that chains form; sometimes an older one, so that values are shared.
        let (x, shape) = pick([values[values.count - 1], values[values.count - 1], pick(values)])
        let channels = shape[1]
        switch Int.random(in: 0..<14, using: &random) {
        case 0, 1: addConvolution(x, shape, name)
        case 2:
            let statistics = [
                constant([channels]), constant([channels]), constant([channels]), constant([channels], in: 0.5...2),
            ]
            add(graph.append(BatchNormalization(), inputs: [x] + statistics, outputNames: [name])[0], shape)
        case 3, 4:
            let activations: [any Operator] = [
                Relu(), LeakyRelu(alpha: 0.2), Tanh(), Sigmoid(), Clip(minimum: -1, maximum: 1),
            ]
            add(graph.append(pick(activations), x, name: name), shape)
        case 5: add(graph.append(Mul(), x, graph.append(Sigmoid(), x, name: name + "g"), name: name), shape)
        case 6, 7:
            let operation: any Operator = pick([Add(), Sub(), Mul()] as [any Operator])
            let other = pick(values.filter { $0.shape == shape }).id
            let operands = pick([[x, other], [other, x]])
            add(graph.append(operation, inputs: operands, outputNames: [name])[0], shape)
        case 8:
            let operand = constant(pick([[channels, 1, 1], [1], [shape[3]], [1, channels, 1, 1], []]), in: 0.5...2)
            let operation: any Operator = pick([Add(), Sub(), Mul(), Div()] as [any Operator])
            let operands = operation is Div ? [x, operand] : pick([[x, operand], [operand, x]])
            add(graph.append(operation, inputs: operands, outputNames: [name])[0], shape)
        case 9:
            let others = values.filter { $0.shape[2] == shape[2] && $0.shape[3] == shape[3] && $0.shape[1] < 16 }
            guard let other = others.isEmpty ? nil : pick(others) else { return }
            let joined = graph.append(Concat(axis: 1), x, other.id, name: name)
            add(joined, [1, channels + other.shape[1], shape[2], shape[3]])
        case 10:
            let window = WindowParameters(padsBegin: [1, 1], padsEnd: [1, 1])
            let pools: [any Operator] = [
                MaxPool(kernelShape: [3, 3], window: window), AveragePool(kernelShape: [3, 3], window: window),
            ]
            add(graph.append(pick(pools), x, name: name), shape)
        case 11:
            let there = graph.append(Transpose(permutation: [0, 2, 3, 1]), x, name: name + "t")
            let middle = graph.append(Relu(), there, name: name + "m")
            add(graph.append(Transpose(permutation: [0, 3, 1, 2]), middle, name: name), shape)
        case 12: add(graph.append(pick([Identity(), Dropout()] as [any Operator]), x, name: name), shape)
        default: add(graph.append(Softmax(axis: -1), x, name: name), shape)
        }
    }

    private mutating func addConvolution(_ x: Graph.ValueID, _ shape: Shape, _ name: String) {
        let outputs = pick([1, 4, 6])
        let bias = pick([true, false]) ? constant([outputs]) : nil
        if pick([true, false]) {
            let window = WindowParameters(padsBegin: [1, 1], padsEnd: [1, 1])
            let node = graph.append(Conv(window: window), x, constant([outputs, shape[1], 3, 3]), bias, name: name)
            add(node, [1, outputs, shape[2], shape[3]])
        } else {
            let node = graph.append(ConvTranspose(), x, constant([shape[1], outputs, 1, 1]), bias, name: name)
            add(node, [1, outputs, shape[2], shape[3]])
        }
    }

    private mutating func add(_ value: Graph.ValueID?, _ shape: Shape) {
        if let value { values.append((value, shape)) }
    }
}

@Suite struct EndToEndTests {
    @Test func randomNetworksGiveWhatTheInterpreterGives() throws {
        let first = UInt64.random(in: 0..<1 << 32)
        try check(first..<(first + 40))
    }

    /// Networks that went wrong once: a division made lanes behind the last channel infinite.
    @Test func networksThatWentWrongOnceGiveWhatTheInterpreterGives() throws {
        try check(4_177_903_091..<4_177_903_092)
    }

    private func check(_ seeds: Range<UInt64>) throws {
        for seed in seeds {
            var network = RandomNetwork(seed: seed, nodeCount: Int(seed % 23) + 1)
            let inputs = network.input()
            // Rounding is relative to the largest value on the way, which a later node may cancel or saturate.
            let values = try GraphInterpreter(network.graphWithAllValues).run(inputs)
            let expected = values.prefix(network.graph.outputs.count)
            let scale = max(1e-3, values.flatMap { $0.doubles() }.map(abs).max() ?? 1)
            let got = try EngineRunner.shared.get().run(network.graph, inputs)
            for (index, (left, right)) in zip(got, expected).enumerated() {
                let tolerance = Tolerance(relative: 1e-4, absolute: 1e-5 * scale)
                let failure = difference(left, right, within: tolerance).failure
                #expect(failure == nil, "seed \(seed), output \(index)\n\(network.graph)")
            }
        }
    }
}
