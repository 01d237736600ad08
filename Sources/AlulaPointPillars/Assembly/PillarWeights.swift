// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// The weights of a pillar feature network, arranged for ``PillarFeatures``.
struct PillarWeights {
    /// `[D, H]`.
    var first: Tensor
    /// `[H]`.
    var bias: Tensor
    /// `[K, H, O]` and `[K + 1, O]`, for a convolution over slots.
    var second: (weights: Tensor, tail: Tensor)?
    /// Slots between those the convolution reads.
    var slotStride = 0

    /// Features of a decorated point.
    var featureCount: Int { first.shape[0] }
    /// Features of a pillar.
    var width: Int { second?.weights.shape[2] ?? first.shape[1] }
    /// What follows the first layer.
    var reduction: PillarFeatures.Reduction { second == nil ? .maximum : .slots(stride: slotStride) }

    /// One layer followed by a maximum.
    init(first: Tensor, bias: Tensor) {
        self.first = first
        self.bias = bias
    }

    /// Reads the weights of the nodes that make `features`; nil when they do not look like one layer followed by a maximum or
    /// a convolution over slots.
    ///
    /// Looks at weights only: whether the nodes really compute what ``PillarFeatures`` does is for ``PillarProbe`` to say.
    init?(_ graph: Graph, features: Graph.ValueID) {
        var layer: AffineLayer?
        var isRectified = false
        var last: (weights: Tensor, bias: Tensor?, stride: Int)?
        let needed = graph.ancestors(of: [features], stoppingAt: [])
        for id in graph.nodes where needed.contains(id) {
            let node = graph[id]
            if layer == nil {
                layer = AffineLayer(node, graph)
            } else if node.operation is Relu {
                guard !isRectified else { return nil }
                isRectified = true
            } else if !isRectified {
                guard layer?.absorb(node, graph) ?? false || Self.onlyMoves(node.operation) else { return nil }
            } else if let convolution = Self.slotConvolution(node, graph) {
                guard last == nil else { return nil }
                last = convolution
            } else if AffineLayer(node, graph) != nil {
                return nil
            }
        }
        guard let layer, isRectified else { return nil }
        first = layer.weightsTensor
        bias = Tensor(layer.bias.map { Float($0) }, shape: [layer.bias.count])
        guard let last else { return }
        guard last.weights.shape[1] == layer.bias.count else { return nil }
        slotStride = last.stride
        second = Self.arrange(last.weights, last.bias, emptySlot: layer.bias.map { max(Float($0), 0) })
    }

    private static func onlyMoves(_ operation: any Operator) -> Bool {
        switch operation {
        case is Reshape, is Transpose, is Squeeze, is Unsqueeze, is Identity, is Cast, is Concat, is Slice: true
        default: false
        }
    }

    /// A convolution `[O, H, 1, K]` over the slots, with its dilation.
    private static func slotConvolution(
        _ node: Graph.Node,
        _ graph: Graph
    ) -> (weights: Tensor, bias: Tensor?, stride: Int)? {
        guard let convolution = node.operation as? Conv, convolution.group == 1,
            let weights = graph.constant(1, of: node), weights.dataType == .float32, weights.shape.rank == 4,
            weights.shape[2] == 1, (convolution.window.padsBegin + convolution.window.padsEnd).allSatisfy({ $0 == 0 })
        else { return nil }
        let bias = graph.constant(2, of: node)
        guard node.inputs.count < 3 || bias != nil else { return nil }
        return (weights, bias, convolution.window.dilations.last ?? 1)
    }

    /// `[O, H, 1, K]` becomes `[K, H, O]`; the tail sums what slots without a point contribute.
    private static func arrange(
        _ weights: Tensor,
        _ bias: Tensor?,
        emptySlot: [Float]
    ) -> (weights: Tensor, tail: Tensor) {
        let (outputs, hidden, taps) = (weights.shape[0], weights.shape[1], weights.shape[3])
        let source = weights.elements(as: Float.self)
        var arranged = [Float](repeating: 0, count: source.count)
        for output in 0..<outputs {
            for feature in 0..<hidden {
                for tap in 0..<taps {
                    arranged[(tap * hidden + feature) * outputs + output] =
                        source[(output * hidden + feature) * taps + tap]
                }
            }
        }
        var tail = [Float](repeating: 0, count: (taps + 1) * outputs)
        let offsets = bias?.doubles() ?? [Double](repeating: 0, count: outputs)
        for output in 0..<outputs {
            var sum = offsets[output]
            tail[taps * outputs + output] = Float(sum)
            for tap in stride(from: taps - 1, through: 0, by: -1) {
                for feature in 0..<hidden {
                    sum += Double(emptySlot[feature]) * Double(arranged[(tap * hidden + feature) * outputs + output])
                }
                tail[tap * outputs + output] = Float(sum)
            }
        }
        return (
            Tensor(arranged, shape: [taps, hidden, outputs]), Tensor(tail, shape: [taps + 1, outputs])
        )
    }
}

/// `dst = src·weights + bias` with whatever scales and shifts follow folded in.
private struct AffineLayer {
    /// `[D][H]`.
    var weights: [[Double]]
    var bias: [Double]

    var weightsTensor: Tensor {
        Tensor(weights.flatMap { $0.map { Float($0) } }, shape: [weights.count, bias.count])
    }

    /// The layer a node is: `MatMul`, `Gemm`, or a convolution with a kernel of one element.
    init?(_ node: Graph.Node, _ graph: Graph) {
        guard let matrix = graph.constant(1, of: node), matrix.dataType == .float32 else { return nil }
        let numbers = matrix.doubles()
        switch node.operation {
        case is MatMul where matrix.shape.rank == 2:
            self.init(numbers, inputs: matrix.shape[0], outputs: matrix.shape[1], isTransposed: false)
        case let gemm as Gemm where matrix.shape.rank == 2 && gemm.alpha == 1 && !gemm.isSrcTransposed:
            let transposed = gemm.isWeightsTransposed
            self.init(
                numbers,
                inputs: matrix.shape[transposed ? 1 : 0],
                outputs: matrix.shape[transposed ? 0 : 1],
                isTransposed: transposed
            )
        case let convolution as Conv
        where convolution.group == 1 && matrix.shape.rank >= 3
            && matrix.shape.elementCount(in: 2..<matrix.shape.rank) == 1:
            self.init(numbers, inputs: matrix.shape[1], outputs: matrix.shape[0], isTransposed: true)
        default: return nil
        }
        guard node.inputs.count > 2, node.inputs[2] != nil else { return }
        guard let offsets = graph.constant(2, of: node)?.doubles(), offsets.count == bias.count else { return nil }
        bias = offsets
    }

    private init(_ numbers: [Double], inputs: Int, outputs: Int, isTransposed: Bool) {
        weights = (0..<inputs).map { input in
            (0..<outputs).map { numbers[isTransposed ? $0 * inputs + input : input * outputs + $0] }
        }
        bias = Array(repeating: 0, count: outputs)
    }

    /// Folds a normalisation, scale or shift by one constant a channel; false when the node is none.
    mutating func absorb(_ node: Graph.Node, _ graph: Graph) -> Bool {
        if let normalization = node.operation as? BatchNormalization {
            guard let scale = graph.constant(1, of: node), let shift = graph.constant(2, of: node),
                let mean = graph.constant(3, of: node), let variance = graph.constant(4, of: node)
            else { return false }
            let affine = normalization.affine(scale: scale, bias: shift, mean: mean, variance: variance)
            return apply(affine.factors, affine.shifts)
        }
        guard let operand = (graph.constant(1, of: node) ?? graph.constant(0, of: node))?.doubles() else {
            return false
        }
        let ones = [Double](repeating: 1, count: bias.count)
        let zeros = [Double](repeating: 0, count: bias.count)
        switch node.operation {
        case is Add: return apply(ones, operand)
        case is Mul: return apply(operand, zeros)
        default: return false
        }
    }

    private mutating func apply(_ factors: [Double], _ shifts: [Double]) -> Bool {
        guard factors.count == bias.count, shifts.count == bias.count else { return false }
        for row in weights.indices {
            for column in bias.indices { weights[row][column] *= factors[column] }
        }
        for column in bias.indices { bias[column] = bias[column] * factors[column] + shifts[column] }
        return true
    }
}
