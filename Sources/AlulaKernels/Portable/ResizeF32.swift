// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// Nearest and linear resizing of the last two axes of float32 images: rows are mixed first, then columns gathered.
struct ResizeF32: Kernel {
    let identifier: String
    private let operation: Resize
    private let srcExtents: (height: Int, width: Int)
    private let dstExtents: (height: Int, width: Int)
    private let split: PartSplit

    /// A kernel for `Resize` of rank-4 tensors that keeps batch and channels; nil where src may be read outside.
    @Sendable
    static func make(_ operation: any Operator, _ inputs: [TensorType?], _ outputs: [TensorType]) -> (any Kernel)? {
        guard let resize = operation as? Resize, resize.transformation != .cropAndResize,
            let src = inputs.first ?? nil, src.dataType == .float32, src.shape.rank == 4,
            let dst = outputs.first?.shape, dst.elementCount > 0, src.shape[0] == dst[0], src.shape[1] == dst[1]
        else { return nil }
        return ResizeF32(resize, src.shape, dst)
    }

    private init(_ operation: Resize, _ src: Shape, _ dst: Shape) {
        self.operation = operation
        srcExtents = (src[2], src[3])
        dstExtents = (dst[2], dst[3])
        split = PartSplit(count: dst[0] * dst[1], cost: dst[2] * dst[3] * 4)
        identifier = "f32_resize_\(operation.interpolation.rawValue)_rows__portable"
    }

    var acceptsStridedOutput: Bool { true }
    var partCount: Int { split.partCount }

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let src = inputs[0], let dst = outputs[0],
            let axes = try? operation.resizeAxes(inputs.map { $0.map { OperatorInput($0) } }), axes.count == 4
        else { return }
        guard axes[0].isIdentity, axes[1].isIdentity else {
            // Some coordinate transformations move channels even where their number stays.
            if part == 0 { operation.evaluateIntoStrided(inputs, outputs) }
            return
        }
        let source = src.span(of: Float.self)
        let (srcPlane, dstPlane) = (srcExtents.height * srcExtents.width, dstExtents.height * dstExtents.width)
        let channels = dst.shape[1]
        let table = ColumnTable(axes[3])
        var mixed = [Float](repeating: 0, count: srcExtents.width)
        for index in split.range(part) {
            let (image, channel) = index.quotientAndRemainder(dividingBy: channels)
            let target = dst.outerRow(image)
            var elements = target.mutableSpan(of: Float.self)
            let plane = source.extracting((index * srcPlane)..<((index + 1) * srcPlane))
            for y in 0..<dstExtents.height {
                let first = channel * dstPlane + y * dstExtents.width
                var row = elements._mutatingExtracting(first..<(first + dstExtents.width))
                mix(plane, axes[2], y, into: &mixed)
                table.gather(mixed.span, into: &row)
            }
        }
    }

    /// The weighted sum of the src rows under dst row `y`.
    private func mix(_ plane: Span<Float>, _ axis: ResizeAxis, _ y: Int, into row: inout [Float]) {
        var target = row.mutableSpan
        for index in 0..<target.count { target[index] = 0 }
        for tap in (y * axis.tapCount)..<((y + 1) * axis.tapCount) where axis.weights[tap] != 0 {
            let weight = Float(axis.weights[tap])
            let first = axis.sources[tap] * srcExtents.width
            let source = plane.extracting(first..<(first + srcExtents.width))
            for index in 0..<target.count { target[index] += weight * source[index] }
        }
    }

    /// Sources and weights of the columns, tap by tap.
    private struct ColumnTable {
        private let tapCount: Int
        private let sources: [Int]
        private let weights: [Float]

        init(_ axis: ResizeAxis) {
            tapCount = axis.tapCount
            sources = axis.sources
            weights = axis.weights.map { Float($0) }
        }

        func gather(_ src: Span<Float>, into row: inout MutableSpan<Float>) {
            if tapCount == 1 {
                for x in 0..<row.count { row[x] = src[sources[x]] }
                return
            }
            for x in 0..<row.count {
                var sum: Float = 0
                for tap in (x * tapCount)..<((x + 1) * tapCount) where weights[tap] != 0 {
                    sum += weights[tap] * src[sources[tap]]
                }
                row[x] = sum
            }
        }
    }
}
