// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaOperators
internal import AlulaTensor

extension GraphPass {
    /// Folds `BatchNormalization`, and additions of, multiplications with and divisions by constants that are one number
    /// a channel, into the weights and bias of the `Conv`, `ConvTranspose` or `Gemm` they follow.
    ///
    /// New weights are computed in double precision and rounded once. A batch normalization that follows nothing it can
    /// fold into becomes a multiplication and an addition, which fuse like all elementwise operators.
    package static let foldChannelAffines = GraphPass(name: "fold-channel-affines") {
        graph,
        context throws(BuilderError) in
        let types = try context.inferTypes(graph)
        var matcher = GraphMatcher(graph)
        for id in graph.nodes {
            let node = graph[id]
            guard let affine = ChannelAffine(node, graph, types), let output = graph.onlyOutput(node), affine.isFinite
            else { continue }
            if let producer = graph[affine.value].producer, matcher.hasSingleUse(affine.value),
                let folded = foldedInputs(affine, graph[producer], graph, types)
            {
                fold(id, into: producer, folded, output, &graph, &context)
                matcher = GraphMatcher(graph)
            } else if node.operation is BatchNormalization {
                split(id, affine, types, &graph, &context)
                matcher = GraphMatcher(graph)
            }
        }
        graph.removeDeadNodes()
    }

    /// Replaces `node` by its producer with new weights; the producer moves to the node's place and keeps its output.
    private static func fold(
        _ id: Graph.NodeID,
        into producer: Graph.NodeID,
        _ folded: (weights: Tensor?, bias: Tensor?),
        _ output: Graph.ValueID,
        _ graph: inout Graph,
        _ context: inout PassContext
    ) {
        let (node, source) = (graph[id], graph[producer])
        var inputs = source.inputs
        if let weights = folded.weights { inputs[1] = graph.addConstant(weights, name: source.name + ".weights") }
        if let bias = folded.bias {
            let constant = graph.addConstant(bias, name: source.name + ".bias")
            if inputs.count > 2 { inputs[2] = constant } else { inputs.append(constant) }
        }
        graph.remove(producer)
        graph.update(id, operation: source.operation, inputs: inputs, name: source.name + " + " + node.name)
        context.note("folded '\(node.name)' (\(node.operation.name)) into '\(source.name)'")
    }

    /// Weights and bias of `producer` with the affine map applied; nil when it is not one that can take it.
    private static func foldedInputs(
        _ affine: ChannelAffine,
        _ producer: Graph.Node,
        _ graph: Graph,
        _ types: InferredTypes
    ) -> (weights: Tensor?, bias: Tensor?)? {
        guard let channelAxis = ProducerChannels(producer.operation) else { return nil }
        let hasBias = producer.inputs.count > 2 && producer.inputs[2] != nil
        let bias = graph.constant(2, producer)
        guard !hasBias || bias != nil, bias?.dataType ?? .float32 == .float32 else { return nil }
        let channels = affine.factors.count
        guard let values = channelAxis.bias(bias, channels: channels) else { return nil }
        let shifted = zip(values, zip(affine.factors, affine.shifts)).map { $0 * $1.0 + $1.1 }
        let newBias = Tensor(shifted.map { Float($0) }, shape: [channels])
        let needsBias = hasBias || affine.shifts.contains { $0 != 0 }
        if affine.factors.allSatisfy({ $0 == 1 }) { return (nil, newBias) }
        guard let weights = graph.constant(1, producer), weights.dataType == .float32,
            let scaled = channelAxis.scale(weights, by: affine.factors)
        else { return nil }
        return (scaled, needsBias ? newBias : nil)
    }

    /// A batch normalization as a multiplication and an addition with `[C, 1, …]` constants.
    private static func split(
        _ id: Graph.NodeID,
        _ affine: ChannelAffine,
        _ types: InferredTypes,
        _ graph: inout Graph,
        _ context: inout PassContext
    ) {
        guard let rank = types.rank(of: affine.value), rank > 0 else { return }
        let node = graph[id]
        let shape = Shape([affine.factors.count] + [Int](repeating: 1, count: max(rank - 2, 0)))
        let factors = Tensor(affine.factors.map { Float($0) }, shape: shape)
        let shifts = Tensor(affine.shifts.map { Float($0) }, shape: shape)
        let factor = graph.addConstant(factors, name: node.name + ".factor")
        let shift = graph.addConstant(shifts, name: node.name + ".shift")
        let scaled = graph.insert(Mul(), [affine.value, factor], before: id, name: node.name + ".scaled")
        graph.update(id, operation: Add(), inputs: [scaled, shift])
        context.note("split '\(node.name)' (BatchNormalization) into a multiplication and an addition")
    }
}

/// `dst[n, c, …] = factors[c] · src[n, c, …] + shifts[c]` with constant factors and shifts.
struct ChannelAffine {
    /// src.
    var value: Graph.ValueID
    var factors: [Double]
    var shifts: [Double]

    /// Whether no number is infinite or NaN; those would turn sums that cancel into NaN.
    var isFinite: Bool { factors.allSatisfy(\.isFinite) && shifts.allSatisfy(\.isFinite) }

    /// The map a node computes; nil when it is none, or not in float32.
    init?(_ node: Graph.Node, _ graph: Graph, _ types: InferredTypes) {
        guard let output = graph.onlyOutput(node), types.isFloat32(output) else { return nil }
        if let operation = node.operation as? BatchNormalization {
            guard let src = node.inputs[0], let scale = graph.constant(1, node), let bias = graph.constant(2, node),
                let mean = graph.constant(3, node), let variance = graph.constant(4, node)
            else { return nil }
            value = src
            (factors, shifts) = operation.affine(scale: scale, bias: bias, mean: mean, variance: variance)
            return
        }
        guard node.inputs.count == 2, let position = [1, 0].first(where: { graph.constant($0, node) != nil }),
            let src = node.inputs[1 - position], let tensor = graph.constant(position, node),
            let operand = Self.channels(tensor, of: src, output, types)
        else { return nil }
        value = src
        let (zeros, ones) = (operand.map { _ in 0.0 }, operand.map { _ in 1.0 })
        switch node.operation {
        case is Add: (factors, shifts) = (ones, operand)
        case is Sub where position == 1: (factors, shifts) = (ones, operand.map { -$0 })
        case is Sub: (factors, shifts) = (operand.map { _ in -1 }, operand)
        case is Mul: (factors, shifts) = (operand, zeros)
        case is Div where position == 1: (factors, shifts) = (operand.map { 1 / $0 }, zeros)
        default: return nil
        }
    }

    /// The constant as one number a channel of axis 1 of `src`, whose shape it must not enlarge.
    private static func channels(
        _ tensor: Tensor,
        of src: Graph.ValueID,
        _ output: Graph.ValueID,
        _ types: InferredTypes
    ) -> [Double]? {
        guard tensor.dataType == .float32, let shapes = types.shapes(of: src), types.shapes(of: output) == shapes,
            let channels = shapes.first.flatMap({ $0.rank > 1 ? $0[1] : nil }),
            shapes.allSatisfy({ $0.rank > 1 && $0[1] == channels }), let rank = types.rank(of: src),
            tensor.shape.rank <= rank, tensor.elementCount == 1 || tensor.elementCount == channels
        else { return nil }
        let numbers = tensor.doubles()
        if numbers.count == 1 { return [Double](repeating: numbers[0], count: channels) }
        let axis = 1 - (rank - tensor.shape.rank)
        guard numbers.count == channels, axis >= 0, axis < tensor.shape.rank, tensor.shape[axis] == channels else {
            return nil
        }
        return numbers
    }
}

/// Where the output channels of a producer are in its weights.
private enum ProducerChannels {
    /// `[OC, …]`.
    case convolution
    /// `[IC, OC/G, …]`.
    case transposed(group: Int)
    /// `[K, N]`, or `[N, K]`.
    case product(isTransposed: Bool)

    init?(_ operation: any Operator) {
        switch operation {
        case is Conv: self = .convolution
        case let op as ConvTranspose: self = .transposed(group: op.group)
        case let op as Gemm where op.beta == 1: self = .product(isTransposed: op.isWeightsTransposed)
        default: return nil
        }
    }

    /// One number a channel of the bias; nil when it has another shape.
    func bias(_ tensor: Tensor?, channels: Int) -> [Double]? {
        guard let tensor else { return [Double](repeating: 0, count: channels) }
        let numbers = tensor.doubles()
        if numbers.count == 1, case .product = self { return [Double](repeating: numbers[0], count: channels) }
        guard numbers.count == channels, tensor.shape.extents.last == channels else { return nil }
        return numbers
    }

    /// The weights with every output channel multiplied by its factor, each rounded once.
    func scale(_ weights: Tensor, by factors: [Double]) -> Tensor? {
        let shape = weights.shape
        guard shape.rank >= 2 else { return nil }
        let inner = shape.elementCount(in: 2..<shape.rank)
        func channel(_ index: Int) -> Int {
            switch self {
            case .convolution: index / (shape[1] * inner)
            case .transposed(let group):
                index / (shape[1] * inner) / max(shape[0] / group, 1) * shape[1] + index / inner % shape[1]
            case .product(let isTransposed): isTransposed ? index / shape[1] : index % shape[1]
            }
        }
        let expected: Int
        switch self {
        case .convolution: expected = shape[0]
        case .transposed(let group): expected = shape[1] * group
        case .product(let isTransposed): expected = isTransposed ? shape[0] : shape[1]
        }
        guard factors.count == expected else { return nil }
        let source = weights.span(of: Float.self)
        let scaled = Tensor(uninitialized: .float32, shape: shape)
        var target = scaled.mutableSpan(of: Float.self)
        for index in 0..<source.count { target[index] = Float(Double(source[index]) * factors[channel(index)]) }
        return scaled
    }
}
