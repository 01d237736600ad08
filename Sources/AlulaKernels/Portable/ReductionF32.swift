// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// Sums and means over neighbouring axes: src as `[outer, reduced, inner]`.
///
/// Axes are an input, known when the kernel runs; where the reduced ones are not neighbours, one part runs the scalar
/// definition.
struct ReductionF32: Kernel {
    let identifier: String
    private let operation: any ReductionOperator
    private let isMean: Bool
    let partCount: Int

    /// A kernel for `ReduceSum` and `ReduceMean` of float32.
    @Sendable
    static func make(_ operation: any Operator, _ inputs: [TensorType?], _ outputs: [TensorType]) -> (any Kernel)? {
        guard let reduction = operation as? any ReductionOperator, reduction is ReduceMean || reduction is ReduceSum,
            let src = inputs.first ?? nil, src.dataType == .float32, src.shape.rank > 0, src.shape.elementCount > 0
        else { return nil }
        return ReductionF32(reduction, src.shape)
    }

    private init(_ operation: any ReductionOperator, _ src: Shape) {
        self.operation = operation
        isMean = operation is ReduceMean
        identifier = "f32_\(operation.name.lowercased())_rows__portable"
        partCount = PartSplit(count: 16, cost: src.elementCount / 16).partCount
    }

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let src = inputs[0], let dst = outputs[0] else { return }
        let axes = inputs.count > 1 ? inputs[1]?.integers() : nil
        guard let extents = extents(src.shape, axes) else {
            if part == 0 { operation.evaluateIntoStrided(inputs, outputs) }
            return
        }
        let (reduced, inner) = (extents.reduced, extents.inner)
        let range = (part * extents.outer / partCount)..<((part + 1) * extents.outer / partCount)
        let source = src.span(of: Float.self)
        var target = dst.mutableSpan(of: Float.self)
        let factor: Float = isMean ? 1 / Float(reduced) : 1
        for index in range {
            let block = source.extracting((index * reduced * inner)..<((index + 1) * reduced * inner))
            if inner == 1 {
                target[index] = block.sum() * factor
                continue
            }
            var row = target._mutatingExtracting((index * inner)..<((index + 1) * inner))
            for column in 0..<inner { row[column] = 0 }
            for line in 0..<reduced {
                let values = block.extracting((line * inner)..<((line + 1) * inner))
                for column in 0..<inner { row[column] += values[column] }
            }
            for column in 0..<inner { row[column] *= factor }
        }
    }

    /// src as three axes; nil when the reduced axes are not neighbours or nothing is reduced.
    private func extents(_ shape: Shape, _ axes: [Int]?) -> (outer: Int, reduced: Int, inner: Int)? {
        var isReduced = [Bool](repeating: false, count: shape.rank)
        if let axes, !axes.isEmpty {
            for axis in axes { if let axis = shape.normalizedAxis(axis) { isReduced[axis] = true } }
        } else {
            guard !operation.ignoresEmptyAxes else { return nil }
            isReduced = isReduced.map { _ in true }
        }
        let reduced = shape.indices.filter { isReduced[$0] && shape[$0] != 1 }
        guard let first = reduced.first, let last = reduced.last,
            (first...last).allSatisfy({ isReduced[$0] || shape[$0] == 1 })
        else { return nil }
        return (
            shape.elementCount(in: 0..<first), shape.elementCount(in: first..<(last + 1)),
            shape.elementCount(in: (last + 1)..<shape.rank)
        )
    }
}
