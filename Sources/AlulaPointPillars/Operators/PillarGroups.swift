// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// Computes ``PillarFeatures`` for many pillars at a time, and only for slots that hold a point.
///
/// Points become rows: for a convolution over slots, all points of a group in slot `k·stride`, which meet `W₂[k]` together;
/// for a maximum, all points of a group. Products of rows are generated code.
struct PillarGroups {
    /// Pillars of a group: enough that loading a matrix (16 KiB) is paid back, few enough that their rows (32 KiB each of
    /// hidden and final features) stay near.
    static let size = 128

    private let network: PillarNetwork
    private let first: RowProduct
    private let second: GatheredProduct?
    /// `[size, D]`: decorated points of the rows in hand.
    private let features: Tensor
    /// `[size, H]`: first-layer outputs of the rows in hand.
    private let hidden: Tensor
    /// `[size]`: rows of ``hidden`` in order.
    private let sources: Tensor
    /// `[size]`: the pillar of each row.
    private let targets: Tensor
    private var means = [SIMD3<Float>](repeating: .zero, count: size)

    init(_ network: PillarNetwork) {
        self.network = network
        first = RowProduct(depth: network.decoration.featureCount, width: network.hiddenWidth)
        second = network.secondWeights.map {
            GatheredProduct(depth: $0.shape[1], width: $0.shape[2], capacity: Self.size)
        }
        features = Tensor(uninitialized: .float32, shape: [Self.size, network.decoration.featureCount])
        hidden = Tensor(uninitialized: .float32, shape: [Self.size, network.hiddenWidth])
        sources = Tensor((0..<Int32(Self.size)).map(\.self), shape: [Self.size])
        targets = Tensor(zeros: .int32, shape: [Self.size])
    }

    /// The pillars `group`, into their rows of `dst`.
    mutating func compute(_ group: Range<Int>, into dst: Tensor) throws(OperatorError) {
        guard !group.isEmpty else { return }
        let decoration = network.decoration
        let points = network.points
        let values = points.span(of: Float.self)
        var longest = 0
        for pillar in group {
            let elements = try network.elements(of: pillar)
            means[pillar - group.lowerBound] = decoration.mean(of: values.extracting(elements))
            longest = max(longest, elements.count / decoration.fieldCount)
        }
        guard case .slots(let stride) = network.operation.reduction, let weights = network.secondWeights,
            let tail = network.tail
        else { return maximise(group, into: dst) }
        start(group, stride: stride, from: tail, into: dst)
        for slot in 0..<(longest + stride - 1) / stride {
            convolve(slot, stride: stride, group, weights, into: dst)
        }
    }

    // MARK: - Convolution over slots

    /// Every row starts as what the slots without a point contribute.
    private func start(_ group: Range<Int>, stride: Int, from tail: Tensor, into dst: Tensor) {
        let counts = network.counts.span(of: Int32.self)
        let sums = tail.span(of: Float.self)
        var elements = dst.mutableSpan(of: Float.self)
        let width = network.width
        for pillar in group {
            let firstEmpty = (Int(counts[pillar]) + stride - 1) / stride
            let line = sums.extracting(firstEmpty * width..<(firstEmpty + 1) * width)
            var row = elements._mutatingExtracting(pillar * width..<(pillar + 1) * width)
            for column in 0..<line.count { row[column] = line[column] }
        }
    }

    /// Adds slot number `slot` of those that are read, for the pillars that have a point there.
    private func convolve(_ slot: Int, stride: Int, _ group: Range<Int>, _ weights: Tensor, into dst: Tensor) {
        let counts = network.counts.span(of: Int32.self)
        var rows = targets.mutableSpan(of: Int32.self)
        var rowCount = 0
        for pillar in group where Int(counts[pillar]) > slot * stride {
            rows[rowCount] = Int32(pillar)
            rowCount += 1
        }
        decorate(rowCount, group) { _ in slot * stride }
        applyFirstLayer(rowCount)
        let (layer, from, to) = (hidden, sources, targets)
        var elements = dst.mutableSpan(of: Float.self)
        second?.add(
            layer.span(of: Float.self),
            from.span(of: Int32.self),
            count: rowCount,
            weights: weights,
            matrix: slot,
            to: &elements,
            to.span(of: Int32.self)
        )
    }

    // MARK: - Maximum

    private func maximise(_ group: Range<Int>, into dst: Tensor) {
        let counts = network.counts.span(of: Int32.self)
        let bias = network.bias.span(of: Float.self)
        let width = network.width
        var elements = dst.mutableSpan(of: Float.self)
        for pillar in group {
            // A slot without a point holds relu(b₁), and nothing is below zero.
            let isFull = Int(counts[pillar]) == network.operation.slotCount
            for column in 0..<width { elements[pillar * width + column] = isFull ? 0 : max(bias[column], 0) }
        }
        // Rows fill up with points of one pillar after the other, and are emptied when they are full.
        var rows = targets.mutableSpan(of: Int32.self)
        var places = [Int](repeating: 0, count: Self.size)
        var rowCount = 0
        for pillar in group {
            for point in 0..<Int(counts[pillar]) {
                rows[rowCount] = Int32(pillar)
                places[rowCount] = point
                rowCount += 1
                if rowCount == Self.size {
                    flush(rowCount, group, places, into: dst)
                    rowCount = 0
                }
            }
        }
        flush(rowCount, group, places, into: dst)
    }

    private func flush(_ rowCount: Int, _ group: Range<Int>, _ places: [Int], into dst: Tensor) {
        decorate(rowCount, group) { places[$0] }
        applyFirstLayer(rowCount)
        let rows = targets.span(of: Int32.self)
        let layer = hidden.span(of: Float.self)
        var elements = dst.mutableSpan(of: Float.self)
        let width = network.width
        for row in 0..<rowCount {
            let line = layer.extracting(row * width..<(row + 1) * width)
            let start = Int(rows[row]) * width
            var best = elements._mutatingExtracting(start..<start + width)
            for column in 0..<line.count { best[column] = best[column] < line[column] ? line[column] : best[column] }
        }
    }

    // MARK: - First layer

    /// Fills ``features`` with a point of each row's pillar.
    ///
    /// - Parameter place: which of its points.
    @inline(__always)
    private func decorate(_ rowCount: Int, _ group: Range<Int>, _ place: (_ row: Int) -> Int) {
        let decoration = network.decoration
        let (points, offsets, cells) = (network.points, network.offsets, network.cells)
        let values = points.span(of: Float.self)
        let starts = offsets.span(of: Int32.self)
        let cell = cells.span(of: Int32.self)
        let rows = targets.span(of: Int32.self)
        var elements = features.mutableSpan(of: Float.self)
        let (fieldCount, featureCount) = (decoration.fieldCount, decoration.featureCount)
        for row in 0..<rowCount {
            let pillar = Int(rows[row])
            let first = (Int(starts[pillar]) + place(row)) * fieldCount
            var target = elements._mutatingExtracting(row * featureCount..<(row + 1) * featureCount)
            decoration.decorate(
                values.extracting(first..<first + fieldCount),
                mean: means[pillar - group.lowerBound],
                reference: decoration.reference(row: cell[2 * pillar], column: cell[2 * pillar + 1]),
                into: &target
            )
        }
    }

    /// `relu(f·W₁ + b₁)` of the rows in ``features``, into ``hidden``.
    private func applyFirstLayer(_ rowCount: Int) {
        first(features, rowCount: rowCount, weights: network.weights, into: hidden)
        let bias = network.bias.span(of: Float.self)
        var elements = hidden.mutableSpan(of: Float.self)
        let width = network.hiddenWidth
        for row in 0..<rowCount {
            var line = elements._mutatingExtracting(row * width..<(row + 1) * width)
            for column in 0..<line.count {
                let sum = line[column] + bias[column]
                line[column] = sum < 0 ? 0 : sum
            }
        }
    }
}
