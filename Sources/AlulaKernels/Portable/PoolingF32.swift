// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// Maximum and average pooling over one or two axes, tap by tap over dst rows, and pooling of whole planes.
struct PoolingF32: Kernel {
    private enum Function: Sendable {
        case maximum
        case average(countsPadding: Bool)
    }

    let identifier: String
    private let function: Function
    private let operation: any Operator
    private let rows: WindowAxis
    private let columns: WindowAxis
    private let channels: Int
    private let split: PartSplit

    /// A kernel for `MaxPool`, `AveragePool`, `GlobalMaxPool`, `GlobalAveragePool` of float32.
    @Sendable
    static func make(_ operation: any Operator, _ inputs: [TensorType?], _ outputs: [TensorType]) -> (any Kernel)? {
        guard let src = inputs.first ?? nil, src.dataType == .float32, src.shape.elementCount > 0,
            let dst = outputs.first, dst.shape.elementCount > 0, (3...4).contains(src.shape.rank)
        else { return nil }
        switch operation {
        case let pool as MaxPool:
            guard let geometry = try? pool.geometry(src: src.shape) else { return nil }
            return PoolingF32(pool, .maximum, geometry, src.shape)
        case let pool as AveragePool:
            guard let geometry = try? pool.geometry(src: src.shape) else { return nil }
            return PoolingF32(pool, .average(countsPadding: pool.countsPadding), geometry, src.shape)
        case is GlobalMaxPool: return PoolingF32(operation, .maximum, wholePlane(src.shape), src.shape)
        case is GlobalAveragePool:
            return PoolingF32(operation, .average(countsPadding: false), wholePlane(src.shape), src.shape)
        default: return nil
        }
    }

    private static func wholePlane(_ shape: Shape) -> WindowGeometry {
        WindowGeometry(
            axes: shape.dropFirst(2).map { WindowAxis(srcExtent: $0, dstExtent: 1, kernelExtent: $0) }
        )
    }

    private init(_ operation: any Operator, _ function: Function, _ geometry: WindowGeometry, _ src: Shape) {
        let geometry = geometry.padded(to: 2)
        self.operation = operation
        self.function = function
        rows = geometry.axes[0]
        columns = geometry.axes[1]
        channels = src[1]
        split = PartSplit(
            count: src[0] * src[1],
            cost: geometry.dstElementCount * geometry.kernelElementCount
        )
        identifier = "f32_\(operation.name.lowercased())_rows__portable"
    }

    var acceptsStridedOutput: Bool { true }
    var partCount: Int { split.partCount }

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let src = inputs[0] else { return }
        if outputs.count > 1, outputs[1] != nil {
            // Indices of maxima: the scalar definition.
            if part == 0 { operation.evaluateIntoStrided(inputs, outputs) }
            return
        }
        guard let dst = outputs[0] else { return }
        let source = src.span(of: Float.self)
        let (srcPlane, dstPlane) = (rows.srcExtent * columns.srcExtent, rows.dstExtent * columns.dstExtent)
        for index in split.range(part) {
            let (image, channel) = index.quotientAndRemainder(dividingBy: channels)
            let target = dst.outerRow(image)
            var elements = target.mutableSpan(of: Float.self)
            var plane = elements._mutatingExtracting((channel * dstPlane)..<((channel + 1) * dstPlane))
            let planeSource = source.extracting((index * srcPlane)..<((index + 1) * srcPlane))
            if dstPlane == 1, rows.padBegin + rows.padEnd + columns.padBegin + columns.padEnd == 0 {
                plane[0] = poolWholePlane(planeSource)
            } else {
                for y in 0..<rows.dstExtent {
                    var row = plane._mutatingExtracting((y * columns.dstExtent)..<((y + 1) * columns.dstExtent))
                    pool(planeSource, y, into: &row)
                }
            }
        }
    }

    /// One window that covers the plane.
    private func poolWholePlane(_ src: Span<Float>) -> Float {
        guard rows.kernelExtent == rows.srcExtent, columns.kernelExtent == columns.srcExtent else {
            var one = [Float](repeating: 0, count: 1)
            var span = one.mutableSpan
            pool(src, 0, into: &span)
            return span[0]
        }
        switch function {
        case .maximum:
            var best = -Float.infinity
            for index in 0..<src.count { best = src[index] > best ? src[index] : best }
            return best
        case .average:
            return src.sum() / Float(src.count)
        }
    }

    private func pool(_ src: Span<Float>, _ y: Int, into row: inout MutableSpan<Float>) {
        let start: Float = if case .maximum = function { -.infinity } else { 0 }
        for index in 0..<row.count { row[index] = start }
        let tapRows = rows.taps(at: y)
        for tapRow in tapRows {
            let srcRow = rows.srcIndex(dst: y, tap: tapRow) * columns.srcExtent
            let source = src.extracting(srcRow..<(srcRow + columns.srcExtent))
            for tap in 0..<columns.kernelExtent {
                let windows = columns.windows(tap: tap)
                guard !windows.isEmpty else { continue }
                let first = columns.srcIndex(dst: windows.lowerBound, tap: tap)
                var target = row._mutatingExtracting(windows)
                switch function {
                case .maximum:
                    source.forEachStrided(from: first, step: columns.stride, into: &target) { $1 > $0 ? $1 : $0 }
                case .average:
                    source.forEachStrided(from: first, step: columns.stride, into: &target) { $0 + $1 }
                }
            }
        }
        guard case .average(let countsPadding) = function else { return }
        for x in 0..<row.count {
            let count =
                countsPadding
                ? cells(rows, at: y) * cells(columns, at: x) : tapRows.count * columns.taps(at: x).count
            row[x] /= Float(max(count, 1))
        }
    }

    /// Taps inside src or its padding: a last window of ceil mode reaches beyond both.
    private func cells(_ axis: WindowAxis, at dst: Int) -> Int {
        let room = axis.srcExtent + axis.padBegin + axis.padEnd - 1 - dst * axis.stride
        return min(axis.kernelExtent, room / axis.dilation + 1)
    }
}

extension Span<Float> {
    /// The sum of all elements, in 64 partial sums of which each rounds less than one long sum.
    func sum() -> Float {
        var partial = SIMD64<Float>(repeating: 0)
        let whole = count / 64 * 64
        for start in stride(from: 0, to: whole, by: 64) {
            let block = extracting(start..<(start + 64))
            for lane in 0..<64 { partial[lane] += block[lane] }
        }
        var total = 0.0
        for lane in 0..<64 { total += Double(partial[lane]) }
        for index in whole..<count { total += Double(self[index]) }
        return Float(total)
    }
}
