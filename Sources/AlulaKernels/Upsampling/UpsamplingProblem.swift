// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// A `ConvTranspose` with stride = kernel, alone or fused, as read from a problem: windows do not overlap, so that every tap is a
/// 1×1 convolution to its own places of dst.
struct UpsamplingProblem {
    /// `[N, IC, H, W]`; an axis of extent 1 stands before the only one of a 1-D convolution.
    let src: Shape
    /// `[IC, OC, KH, KW]`.
    let weights: Shape
    /// The dst shape of the operator, with its own rank.
    let dst: Shape
    let rowFactor: Int
    let columnFactor: Int
    let hasBias: Bool
    let stages: [Fused.Stage]

    /// Nil for anything else, for several groups, and where weights or bias are not known beforehand.
    init?(_ problem: KernelProblem) {
        let fused = problem.operation as? Fused
        let inputs = fused.map { Array(problem.inputs.prefix($0.producerInputCount)) } ?? problem.inputs
        guard let op = (fused?.producer ?? problem.operation) as? ConvTranspose, op.group == 1, inputs.count >= 2,
            let src = inputs[0], let weights = inputs[1], let dst = problem.outputs.first,
            [src, weights, dst].allSatisfy({ $0.dataType == .float32 }), (3...4).contains(src.shape.rank),
            src.shape.elementCount > 0, dst.shape.elementCount > 0, problem.isConstant(1),
            let axes = try? op.geometry(src: src.shape, weights: weights.shape).padded(to: 2).axes,
            // The geometry is that of the convolution this one transposes: its dst is our src.
            axes.allSatisfy({ $0.kernelExtent == $0.stride && $0.srcExtent == $0.dstExtent * $0.stride }),
            axes.allSatisfy({ $0.padBegin == 0 && ($0.dilation == 1 || $0.kernelExtent == 1) })
        else { return nil }
        let bias = inputs.count > 2 ? inputs[2] : nil
        guard bias == nil || (problem.isConstant(2) && bias?.dataType == .float32) else { return nil }
        func planes(_ shape: Shape) -> Shape { shape.rank == 4 ? shape : [shape[0], shape[1], 1, shape[2]] }
        self.src = planes(src.shape)
        self.weights = planes(weights.shape)
        self.dst = dst.shape
        rowFactor = axes[0].stride
        columnFactor = axes[1].stride
        hasBias = bias != nil
        stages = fused?.stages ?? []
    }

    /// One tap as a convolution.
    func descriptor(_ epilogue: Epilogue) -> DirectConvolutionDescriptor {
        var descriptor = DirectConvolutionDescriptor(
            srcChannels: src[1],
            dstChannels: weights[1],
            rows: WindowAxis(srcExtent: src[2], dstExtent: src[2], kernelExtent: 1),
            columns: WindowAxis(srcExtent: src[3], dstExtent: src[3], kernelExtent: 1),
            hasBias: hasBias,
            epilogue: epilogue
        )
        descriptor.dstRowStep = rowFactor
        descriptor.dstColumnStep = columnFactor
        return descriptor
    }
}
