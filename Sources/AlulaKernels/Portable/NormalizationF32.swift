// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// Softmax over trailing axes: maximum, exponentials, their sum and the division, on one row in cache.
struct SoftmaxF32: Kernel {
    let identifier = "f32_softmax_rows__portable"
    private let rowLength: Int
    private let split: PartSplit

    /// A kernel for `Softmax` over the last axis or all from one on.
    @Sendable
    static func make(_ operation: any Operator, _ inputs: [TensorType?], _ outputs: [TensorType]) -> (any Kernel)? {
        guard let softmax = operation as? Softmax, let src = inputs.first ?? nil, src.dataType == .float32,
            let axis = src.shape.normalizedAxis(softmax.axis), src.shape.elementCount > 0
        else { return nil }
        let length = src.shape.elementCount(in: axis..<src.shape.rank)
        guard softmax.spansTrailingAxes || length == src.shape[axis] else { return nil }
        return SoftmaxF32(rowLength: length, rowCount: src.shape.elementCount / length)
    }

    private init(rowLength: Int, rowCount: Int) {
        self.rowLength = rowLength
        split = PartSplit(count: rowCount, cost: rowLength * 8)
    }

    var partCount: Int { split.partCount }

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let src = inputs[0], let dst = outputs[0] else { return }
        let source = src.span(of: Float.self)
        var target = dst.mutableSpan(of: Float.self)
        for index in split.range(part) {
            let range = (index * rowLength)..<((index + 1) * rowLength)
            let row = source.extracting(range)
            var result = target._mutatingExtracting(range)
            var highest = -Float.infinity
            for i in 0..<row.count { highest = row[i] > highest ? row[i] : highest }
            for i in 0..<row.count { result[i] = VectorMath.exp(row[i] - highest) }
            let factor = 1 / result.span.sum()
            for i in 0..<row.count { result[i] *= factor }
        }
    }
}

/// Layer, instance and group normalization: mean and variance of contiguous rows, then scale and shift.
struct NormalizationF32: Kernel {
    /// How the scale of an element is found.
    private enum Scaling: Sendable {
        /// One factor an element of the row.
        case perElement
        /// One factor a run of `length` elements; the row's first run is `firstRun(row)`, of `runCount` in all.
        case perRun(length: Int, runsPerRow: Int, runCount: Int)
    }

    let identifier: String
    private let epsilon: Float
    private let rowLength: Int
    private let scaling: Scaling
    private let split: PartSplit

    /// A kernel for the three normalizations of float32.
    @Sendable
    static func make(_ operation: any Operator, _ inputs: [TensorType?], _ outputs: [TensorType]) -> (any Kernel)? {
        guard inputs.allSatisfy({ $0.map { $0.dataType == .float32 } ?? true }), let src = inputs.first??.shape,
            src.elementCount > 0, inputs.count > 1, let scale = inputs[1]?.shape
        else { return nil }
        switch operation {
        case let layer as LayerNormalization:
            guard let axis = src.normalizedAxis(layer.axis) else { return nil }
            let length = src.elementCount(in: axis..<src.rank)
            let bias = inputs.count > 2 ? inputs[2]?.shape : nil
            guard scale.elementCount == length, bias.map({ $0.elementCount == length }) ?? true else { return nil }
            return NormalizationF32(operation, layer.epsilon, src, rowLength: length, .perElement)
        case let instance as InstanceNormalization:
            let plane = src.elementCount(in: 2..<src.rank)
            let scaling = Scaling.perRun(length: plane, runsPerRow: 1, runCount: src[1])
            return NormalizationF32(operation, instance.epsilon, src, rowLength: plane, scaling)
        case let group as GroupNormalization:
            let plane = src.elementCount(in: 2..<src.rank)
            let channels = src[1] / group.groupCount
            let scaling =
                group.isScaledPerGroup
                ? Scaling.perRun(length: plane * channels, runsPerRow: 1, runCount: group.groupCount)
                : Scaling.perRun(length: plane, runsPerRow: channels, runCount: src[1])
            return NormalizationF32(operation, group.epsilon, src, rowLength: plane * channels, scaling)
        default: return nil
        }
    }

    private init(_ operation: any Operator, _ epsilon: Float, _ src: Shape, rowLength: Int, _ scaling: Scaling) {
        identifier = "f32_\(operation.name.lowercased())_rows__portable"
        self.epsilon = epsilon
        self.rowLength = rowLength
        self.scaling = scaling
        split = PartSplit(count: src.elementCount / rowLength, cost: rowLength * 4)
    }

    var partCount: Int { split.partCount }

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let src = inputs[0], let scale = inputs[1] else { return }
        let source = src.span(of: Float.self)
        let factors = scale.span(of: Float.self)
        for index in split.range(part) {
            let range = (index * rowLength)..<((index + 1) * rowLength)
            let row = source.extracting(range)
            let (mean, inverse) = statistics(row)
            if outputs.count > 1, let means = outputs[1] {
                var target = means.mutableSpan(of: Float.self)
                target[index] = mean
            }
            if outputs.count > 2, let inverses = outputs[2] {
                var target = inverses.mutableSpan(of: Float.self)
                target[index] = inverse
            }
            guard let dst = outputs[0] else { continue }
            var target = dst.mutableSpan(of: Float.self)
            var result = target._mutatingExtracting(range)
            for i in 0..<row.count { result[i] = (row[i] - mean) * inverse }
            scaleRow(&result, index, factors, inputs.count > 2 ? inputs[2] : nil)
        }
    }

    private func statistics(_ row: Span<Float>) -> (mean: Float, inverseDeviation: Float) {
        let mean = row.sum() / Float(row.count)
        var partial = SIMD16<Float>(repeating: 0)
        let whole = row.count / 16 * 16
        for start in stride(from: 0, to: whole, by: 16) {
            let block = row.extracting(start..<(start + 16))
            for lane in 0..<16 { partial[lane] += (block[lane] - mean) * (block[lane] - mean) }
        }
        var squares = 0.0
        for lane in 0..<16 { squares += Double(partial[lane]) }
        for index in whole..<row.count { squares += Double((row[index] - mean) * (row[index] - mean)) }
        let variance = squares / Double(row.count)
        return (mean, Float(1 / (variance + Double(epsilon)).squareRoot()))
    }

    private func scaleRow(_ row: inout MutableSpan<Float>, _ index: Int, _ factors: Span<Float>, _ bias: Tensor?) {
        switch scaling {
        case .perElement:
            for i in 0..<row.count { row[i] *= factors[i] }
            guard let bias else { return }
            let shifts = bias.span(of: Float.self)
            for i in 0..<row.count { row[i] += shifts[i] }
        case .perRun(let length, let runsPerRow, let runCount):
            for run in 0..<runsPerRow {
                let number = (index * runsPerRow + run) % runCount
                let factor = factors[number]
                let shift = bias?.span(of: Float.self)[number] ?? 0
                var piece = row._mutatingExtracting((run * length)..<((run + 1) * length))
                for i in 0..<piece.count { piece[i] = piece[i] * factor + shift }
            }
        }
    }
}
