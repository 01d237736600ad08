// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// A `ConvTranspose` of one or two spatial axes, alone or fused, as read from a problem.
struct TransposedProblem {
    /// `[N, IC, H, W]`; an axis of extent 1 stands before the only one of a 1-D convolution.
    let src: Shape
    /// `[IC, OC / group, KH, KW]`.
    let weights: Shape
    /// The dst shape of the operator, with its own rank.
    let dst: Shape
    let group: Int
    let rows: [TransposedPhase]
    let columns: [TransposedPhase]
    let hasBias: Bool
    let stages: [Fused.Stage]

    /// Nil for anything else.
    init?(_ operation: any Operator, inputs: [TensorType?], outputs: [TensorType]) {
        let fused = operation as? Fused
        let operands = fused.map { Array(inputs.prefix($0.producerInputCount)) } ?? inputs
        guard let op = (fused?.producer ?? operation) as? ConvTranspose, operands.count >= 2,
            let src = operands[0], let weights = operands[1], let dst = outputs.first,
            [src, weights, dst].allSatisfy({ $0.dataType == .float32 }), (3...4).contains(src.shape.rank),
            src.shape.elementCount > 0, dst.shape.elementCount > 0,
            let axes = try? op.geometry(src: src.shape, weights: weights.shape).padded(to: 2).axes
        else { return nil }
        let bias = operands.count > 2 ? operands[2] : nil
        guard bias == nil || bias?.dataType == .float32 else { return nil }
        func planes(_ shape: Shape) -> Shape { shape.rank == 4 ? shape : [shape[0], shape[1], 1, shape[2]] }
        self.src = planes(src.shape)
        self.weights = planes(weights.shape)
        self.dst = dst.shape
        group = op.group
        rows = TransposedPhase.all(axes[0])
        columns = TransposedPhase.all(axes[1])
        hasBias = bias != nil
        stages = fused?.stages ?? []
    }

    /// Extents of dst.
    var dstRows: Int { rows.reduce(0) { $0 + $1.window.dstExtent } }
    var dstColumns: Int { columns.reduce(0) { $0 + $1.window.dstExtent } }
    /// Channels of one group.
    var srcChannels: Int { src[1] / group }
    var dstChannels: Int { weights[1] }

    /// Whether all phases are of one extent, so that rows and planes of dst are as long as any phase says.
    var hasEvenPhases: Bool {
        [rows, columns].allSatisfy { phases in
            phases.allSatisfy { $0.window.dstExtent == phases[0].window.dstExtent }
        }
    }

    /// One phase as a convolution that writes every some rows and columns of dst.
    func descriptor(
        _ row: TransposedPhase,
        _ column: TransposedPhase,
        _ epilogue: Epilogue
    )
        -> DirectConvolutionDescriptor
    {
        var descriptor = DirectConvolutionDescriptor(
            srcChannels: srcChannels,
            dstChannels: dstChannels,
            group: group,
            rows: row.window,
            columns: column.window,
            hasBias: hasBias,
            epilogue: epilogue
        )
        descriptor.dstRowStep = rows.count
        descriptor.dstColumnStep = columns.count
        return descriptor
    }

    /// The weights of one phase as those of a convolution: `[OC, IC / group, taps of rows, taps of columns]`.
    func weights(_ row: TransposedPhase, _ column: TransposedPhase, of tensor: Tensor) -> Tensor {
        let (ic, oc) = (srcChannels, dstChannels)
        let result = Tensor(
            zeros: .float32,
            shape: [group * oc, ic, row.window.kernelExtent, column.window.kernelExtent]
        )
        let source = tensor.span(of: Float.self)
        var target = result.mutableSpan(of: Float.self)
        let taps = row.window.kernelExtent * column.window.kernelExtent
        for src in 0..<group * ic {
            for dst in 0..<oc {
                let from = (src * oc + dst) * weights[2] * weights[3]
                let to = ((src / ic * oc + dst) * ic + src % ic) * taps
                for (y, rowTap) in row.taps.enumerated() {
                    for (x, columnTap) in column.taps.enumerated() {
                        let place = to + y * column.window.kernelExtent + x
                        target[place] = source[from + rowTap * weights[3] + columnTap]
                    }
                }
            }
        }
        return result
    }
}
