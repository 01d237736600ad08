// SPDX-License-Identifier: Apache-2.0

public import Alula

/// Makes PointPillars' region proposal network with seeded weights, so that it can be run without a download.
///
/// Three blocks of 3×3 convolutions (the first of each with stride 2), each followed by a transposed convolution back to
/// the first block's resolution; their channels are concatenated and read by three 1×1 heads. The outputs are
/// channel-last. With the defaults and a batch of one it takes 68.5 GFLOP.
///
/// Weights are random with the variance of He et al. (2015), so activations keep their scale; boxes mean nothing.
/// Source: Lang et al., "PointPillars: Fast Encoders for Object Detection from Point Clouds", CVPR 2019.
public struct RPNGenerator: Sendable {
    /// One block: a strided 3×3 convolution, then `convolutions − 1` plain ones, then an upsampling.
    public struct Block: Sendable {
        /// 3×3 convolutions, including the strided one.
        public var convolutions: Int
        /// Output channels of each.
        public var channels: Int
        /// Kernel and stride of the transposed convolution behind the block.
        public var upsampling: Int

        /// A block.
        public init(convolutions: Int, channels: Int, upsampling: Int) {
            self.convolutions = convolutions
            self.channels = channels
            self.upsampling = upsampling
        }
    }

    /// Channels of the bird's-eye-view image.
    public var inputChannels = 64
    /// Rows of the image: cells across y.
    public var height = 496
    /// Columns of the image: cells along x.
    public var width = 432
    /// The blocks, finest first.
    public var blocks = [
        Block(convolutions: 4, channels: 64, upsampling: 1),
        Block(convolutions: 6, channels: 128, upsampling: 2),
        Block(convolutions: 6, channels: 256, upsampling: 4),
    ]
    /// Channels each block is upsampled to.
    public var upsampledChannels = 128
    /// Heads by output name with their channels: KITTI's three classes with two anchors each.
    public var heads = [(name: "cls", channels: 18), (name: "box", channels: 42), (name: "dir", channels: 12)]
    /// Added to the biases of the head called `cls`: negative numbers lower all scores.
    public var logitOffset: Float = 0
    /// Seed of all weights.
    public var seed: UInt64 = 1

    /// The network of the PointPillars paper on KITTI's grid.
    public init() {}

    /// The graph: input `bev` `[batch, C, H, W]`, one output `[batch, H/2, W/2, channels]` a head, all float32.
    ///
    /// - Parameter batch: fixed, or symbolic for implicit batch or optimization profiles.
    public func graph(batch: Dimension = .fixed(1)) -> Graph {
        var maker = WeightMaker(seed: seed)
        var graph = Graph(name: "pointpillars_rpn")
        let input = graph.addInput(
            "bev",
            .float32,
            [batch, .fixed(inputChannels), .fixed(height), .fixed(width)]
        )
        var running = input  // [N, C, H, W]
        var channels = inputChannels
        var upsampled: [Graph.ValueID?] = []
        for (index, block) in blocks.enumerated() {
            let name = "block\(index + 1)"
            for layer in 0..<block.convolutions {
                running = convolution(
                    &graph,
                    &maker,
                    running,
                    from: channels,
                    to: block.channels,
                    stride: layer == 0 ? 2 : 1,
                    name: "\(name).\(layer)"
                )
                channels = block.channels
            }
            upsampled.append(
                upsampling(
                    &graph,
                    &maker,
                    running,
                    from: channels,
                    factor: block.upsampling,
                    name: "deblock\(index + 1)"
                )
            )
        }
        let features = graph.append(
            Concat(axis: 1),
            inputs: upsampled,
            outputNames: ["features"],
            name: "concat"
        ).compactMap(\.self)[0]  // [N, 3 · 128, H/2, W/2]
        for head in heads {
            addHead(&graph, &maker, features, from: blocks.count * upsampledChannels, head.name, head.channels)
        }
        return graph
    }

    /// 3×3 convolution, bias, ReLU.
    private func convolution(
        _ graph: inout Graph,
        _ maker: inout WeightMaker,
        _ src: Graph.ValueID,
        from ic: Int,
        to oc: Int,
        stride: Int,
        name: String
    ) -> Graph.ValueID {
        let weights = graph.addConstant(maker.weights([oc, ic, 3, 3], fanIn: ic * 9), name: "\(name).weight")
        let bias = graph.addConstant(maker.bias(oc), name: "\(name).bias")
        let window = WindowParameters(strides: [stride, stride], padsBegin: [1, 1], padsEnd: [1, 1])
        let dst = graph.append(Conv(window: window), src, weights, bias, name: name)
        return graph.append(Relu(), dst, name: "\(name).relu")
    }

    /// Transposed convolution whose stride is its kernel, bias, ReLU.
    private func upsampling(
        _ graph: inout Graph,
        _ maker: inout WeightMaker,
        _ src: Graph.ValueID,
        from ic: Int,
        factor: Int,
        name: String
    ) -> Graph.ValueID {
        let shape: Shape = [ic, upsampledChannels, factor, factor]
        let weights = graph.addConstant(maker.weights(shape, fanIn: ic), name: "\(name).weight")
        let bias = graph.addConstant(maker.bias(upsampledChannels), name: "\(name).bias")
        let window = WindowParameters(strides: [factor, factor])
        let dst = graph.append(ConvTranspose(window: window), src, weights, bias, name: name)
        return graph.append(Relu(), dst, name: "\(name).relu")
    }

    /// 1×1 convolution and a transpose to channel-last.
    private func addHead(
        _ graph: inout Graph,
        _ maker: inout WeightMaker,
        _ src: Graph.ValueID,
        from ic: Int,
        _ name: String,
        _ oc: Int
    ) {
        let weights = graph.addConstant(maker.weights([oc, ic, 1, 1], fanIn: ic), name: "conv_\(name).weight")
        let offset = name == "cls" ? logitOffset : 0
        let bias = graph.addConstant(maker.bias(oc, around: offset), name: "conv_\(name).bias")
        let dst = graph.append(Conv(), src, weights, bias, name: "conv_\(name)")
        graph.markOutput(graph.append(Transpose(permutation: [0, 2, 3, 1]), dst, name: name))
    }
}

/// Draws weights from a seed, the same on every machine.
struct WeightMaker {
    private var numbers: SeededNumbers

    init(seed: UInt64) { numbers = SeededNumbers(seed: seed) }

    /// Uniform weights with variance `2 / fanIn`.
    mutating func weights(_ shape: Shape, fanIn: Int) -> Tensor {
        let limit = (6 / Float(fanIn)).squareRoot()
        return Tensor((0..<shape.elementCount).map { _ in limit * numbers.symmetric() }, shape: shape)
    }

    /// Small biases around `offset`.
    mutating func bias(_ count: Int, around offset: Float = 0) -> Tensor {
        Tensor((0..<count).map { _ in offset + 0.05 * numbers.symmetric() }, shape: [count])
    }
}
