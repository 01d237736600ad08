// SPDX-License-Identifier: Apache-2.0

package import AlulaOperators
package import AlulaTensor

/// A `Conv`, alone or fused, as the convolution families read it from a problem: float32, one or two spatial axes, weights and
/// bias known beforehand.
package struct ConvolutionProblem: Sendable {
    /// The problem's inputs: the operator's, then those of the stages.
    package var inputs: [TensorType?]
    /// `[N, IC, H, W]`; an axis of extent 1 stands before the only one of a 1-D convolution.
    package var src: Shape
    /// `[OC, IC/G, KH, KW]`.
    package var weights: Shape
    /// The dst type of the operator, with its own rank.
    package var dst: TensorType
    package var rows: WindowAxis
    package var columns: WindowAxis
    package var group: Int
    package var hasBias: Bool
    /// What follows the sum; empty for an operator that is not fused.
    package var stages: [Fused.Stage]

    /// Reads `problem`; nil where it is something else.
    package init?(_ problem: KernelProblem) {
        let fused = problem.operation as? Fused
        let operatorInputs = fused.map { Array(problem.inputs.prefix($0.producerInputCount)) } ?? problem.inputs
        guard let conv = (fused?.producer ?? problem.operation) as? Conv, operatorInputs.count >= 2,
            let src = operatorInputs[0], let weights = operatorInputs[1], let dst = problem.outputs.first,
            [src, weights, dst].allSatisfy({ $0.dataType == .float32 }), (3...4).contains(src.shape.rank),
            src.shape.elementCount > 0, dst.shape.elementCount > 0, problem.isConstant(1),
            let geometry = try? conv.geometry(src: src.shape, weights: weights.shape).padded(to: 2)
        else { return nil }
        let bias = operatorInputs.count > 2 ? operatorInputs[2] : nil
        guard bias == nil || (problem.isConstant(2) && bias?.dataType == .float32) else { return nil }
        func planes(_ shape: Shape) -> Shape { shape.rank == 4 ? shape : [shape[0], shape[1], 1, shape[2]] }
        inputs = problem.inputs
        self.src = planes(src.shape)
        self.weights = planes(weights.shape)
        self.dst = dst
        (rows, columns) = (geometry.axes[0], geometry.axes[1])
        group = conv.group
        hasBias = bias != nil
        stages = fused?.stages ?? []
    }

    /// Images.
    package var batch: Int { src[0] }
    /// Channels of dst in one group.
    package var dstChannels: Int { weights[0] / group }
    /// Channels of src in one group.
    package var srcChannels: Int { weights[1] }
    /// Two for every dst element, channel of the group and tap, padding included.
    package var floatingPointOperations: Int { 2 * dst.shape.elementCount * weights.elementCount(in: 1..<4) }
}
