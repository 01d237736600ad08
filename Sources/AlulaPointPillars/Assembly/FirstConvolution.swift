// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// The convolution that reads the bird's-eye-view image, with what belongs to it, in the form ``PillarConvolution`` takes.
struct FirstConvolution {
    /// What computes it on pillars.
    var operation: PillarConvolution
    /// `[KH, KW, C, O]`.
    var weights: Tensor
    /// `[O]`.
    var bias: Tensor
    /// The value it replaces the computation of.
    var output: Graph.ValueID
    /// The names of the nodes it stands for.
    var names: [String]

    /// Finds padding, convolution, normalisation and ReLU behind `image`; nil when something else reads the image, or when the
    /// convolution has groups, dilations, or unequal strides or paddings.
    init?(_ graph: Graph, image: Graph.ValueID) {
        let uses = graph.useCounts()
        guard uses[image] == 1, let reader = graph.readers(of: image).first else { return nil }
        var node = graph[reader]
        var padding = 0
        names = [node.name]
        if node.operation is Pad {
            guard let pads = Self.evenPads(node, graph), let next = Self.onlyReader(of: node, graph, uses) else {
                return nil
            }
            padding = pads
            node = graph[next]
            names.append(node.name)
        }
        guard let convolution = node.operation as? Conv, let kernel = graph.constant(1, of: node),
            kernel.dataType == .float32, kernel.shape.rank == 4, convolution.group == 1,
            let window = Self.evenWindow(convolution.window), let result = node.outputs.first ?? nil
        else { return nil }
        let channels = kernel.shape[0]
        let hasBias = node.inputs.count > 2 && node.inputs[2] != nil
        guard let offsets = hasBias ? graph.constant(2, of: node)?.doubles() : Array(repeating: 0, count: channels)
        else { return nil }
        var factors = [Double](repeating: 1, count: channels)
        var shifts = offsets
        output = result
        if let next = Self.onlyReader(of: node, graph, uses),
            let affine = Self.normalization(graph[next], graph), affine.factors.count == channels
        {
            node = graph[next]
            names.append(node.name)
            factors = affine.factors
            shifts = shifts.indices.map { shifts[$0] * factors[$0] + affine.shifts[$0] }
            output = (node.outputs.first ?? nil) ?? output
        }
        var isRectified = false
        if let next = Self.onlyReader(of: node, graph, uses), graph[next].operation is Relu,
            let rectified = graph[next].outputs.first ?? nil
        {
            isRectified = true
            names.append(graph[next].name)
            output = rectified
        }
        guard
            let operation = try? PillarConvolution(
                stride: window.stride,
                pad: window.pad + padding,
                isRectified: isRectified
            )
        else { return nil }
        self.operation = operation
        weights = Self.arrange(kernel, factors)
        bias = Tensor(shifts.map { Float($0) }, shape: [channels])
    }

    /// The padding of an image by as many zeros on every side.
    private static func evenPads(_ node: Graph.Node, _ graph: Graph) -> Int? {
        guard (node.operation as? Pad)?.mode == .constant, let pads = graph.constant(1, of: node)?.integers(),
            pads.count == 8, pads[0] == 0, pads[1] == 0, pads[4] == 0, pads[5] == 0, pads[2] >= 0,
            [pads[3], pads[6], pads[7]].allSatisfy({ $0 == pads[2] }), node.inputs.count < 4 || node.inputs[3] == nil
        else { return nil }
        let hasValue = node.inputs.count > 2 && node.inputs[2] != nil
        guard !hasValue || graph.constant(2, of: node)?.doubles() == [0] else { return nil }
        return pads[2]
    }

    private static func evenWindow(_ window: WindowParameters) -> (stride: Int, pad: Int)? {
        let stride = window.strides.first ?? 1
        let pad = window.padsBegin.first ?? 0
        let pads = window.padsBegin + window.padsEnd
        guard window.autoPad == .notSet, window.dilations.allSatisfy({ $0 == 1 }),
            window.strides.allSatisfy({ $0 == stride }), pads.allSatisfy({ $0 == pad }),
            pads.isEmpty || pads.count == 4
        else { return nil }
        return (stride, pad)
    }

    /// The node that alone reads the only output of `node`.
    private static func onlyReader(of node: Graph.Node, _ graph: Graph, _ uses: [Graph.ValueID: Int]) -> Graph.NodeID? {
        guard let output = node.outputs.first ?? nil, uses[output] == 1, !graph.outputs.contains(output) else {
            return nil
        }
        return graph.readers(of: output).first
    }

    private static func normalization(
        _ node: Graph.Node,
        _ graph: Graph
    ) -> (factors: [Double], shifts: [Double])? {
        guard let operation = node.operation as? BatchNormalization, let scale = graph.constant(1, of: node),
            let shift = graph.constant(2, of: node), let mean = graph.constant(3, of: node),
            let variance = graph.constant(4, of: node)
        else { return nil }
        return operation.affine(scale: scale, bias: shift, mean: mean, variance: variance)
    }

    /// `[O, C, KH, KW]`, scaled by output channel, becomes `[KH, KW, C, O]`.
    private static func arrange(_ kernel: Tensor, _ factors: [Double]) -> Tensor {
        let (outputs, channels) = (kernel.shape[0], kernel.shape[1])
        let taps = kernel.shape[2] * kernel.shape[3]
        let source = kernel.elements(as: Float.self)
        var arranged = [Float](repeating: 0, count: source.count)
        for output in 0..<outputs {
            for channel in 0..<channels {
                for tap in 0..<taps {
                    let weight = Double(source[(output * channels + channel) * taps + tap]) * factors[output]
                    arranged[(tap * channels + channel) * outputs + output] = Float(weight)
                }
            }
        }
        return Tensor(arranged, shape: [kernel.shape[2], kernel.shape[3], channels, outputs])
    }
}
