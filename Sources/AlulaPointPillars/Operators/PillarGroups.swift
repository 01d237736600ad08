// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// Computes ``PillarFeatures`` for many pillars at a time, and only for slots that hold a point.
///
/// Points become rows of products in generated code. For a convolution over slots, the pillars of a group are ordered by their
/// number of points, so that those with a point in slot `k·stride` are the first ones: they meet `W₂[k]` together, and their
/// sums stay in place. For a maximum, rows are all points of a group, one pillar after the other.
struct PillarGroups {
    /// Pillars of a group: loading a matrix (16 KiB) is paid back by many rows, and their rows (256 bytes each of hidden
    /// and of final features) fit the second-level cache.
    static let size = 512

    private let network: PillarNetwork
    private let first: RowProduct
    private let second: RowProduct?
    /// `[size, D]`: decorated points of the rows in hand.
    private let features: Tensor
    /// `[size, H]`: first-layer outputs of the rows in hand.
    private let hidden: Tensor
    /// `[size, O]`: sums of the second layer, in the group's order.
    private let sums: Tensor
    /// The pillar of each row.
    private var pillars = [Int](repeating: 0, count: size)
    /// Which of its pillar's points each row takes.
    private var places = [Int](repeating: 0, count: size)
    /// By pillar of the group.
    private var means = [SIMD3<Float>](repeating: .zero, count: size)
    private var pointCounts = [Int](repeating: 0, count: size)

    init(_ network: PillarNetwork) {
        self.network = network
        first = RowProduct(depth: network.decoration.featureCount, width: network.hiddenWidth)
        second = network.secondWeights.map { RowProduct(depth: $0.shape[1], width: $0.shape[2]) }
        features = Tensor(uninitialized: .float32, shape: [Self.size, network.decoration.featureCount])
        hidden = Tensor(uninitialized: .float32, shape: [Self.size, network.hiddenWidth])
        sums = Tensor(uninitialized: .float32, shape: [Self.size, network.width])
    }

    /// The pillars `group`, into their rows of `dst`.
    mutating func compute(_ group: Range<Int>, into dst: Tensor) throws(OperatorError) {
        guard !group.isEmpty else { return }
        try examine(group)
        guard case .slots(let stride) = network.operation.reduction, let weights = network.secondWeights,
            let tail = network.tail
        else { return maximise(group, into: dst) }
        convolve(group, stride: stride, weights, tail, into: dst)
    }

    /// Checks where the points of every pillar lie, and finds their means.
    private mutating func examine(_ group: Range<Int>) throws(OperatorError) {
        let decoration = network.decoration
        let (points, counts, offsets) = (network.points, network.counts, network.offsets)
        let values = points.span(of: Float.self)
        let (numbers, starts) = (counts.span(of: Int32.self), offsets.span(of: Int32.self))
        let (fieldCount, slotCount, room) = (decoration.fieldCount, network.operation.slotCount, points.shape[0])
        for pillar in group {
            let (count, start) = (Int(numbers[pillar]), Int(starts[pillar]))
            guard count >= 1, count <= slotCount, start >= 0, start <= room - count else {
                throw network.refusal(count: count, start: start)
            }
            pointCounts[pillar - group.lowerBound] = count
            means[pillar - group.lowerBound] =
                decoration.mean(of: values.extracting(start * fieldCount..<(start + count) * fieldCount))
        }
    }

    // MARK: - Convolution over slots

    private mutating func convolve(
        _ group: Range<Int>,
        stride: Int,
        _ weights: Tensor,
        _ tail: Tensor,
        into dst: Tensor
    ) {
        let longest = order(group, stride: stride)
        start(group.count, stride: stride, group, from: tail)
        var rowCount = group.count
        for slot in 0..<longest {
            while rowCount > 0, pointCounts[pillars[rowCount - 1] - group.lowerBound] <= slot * stride { rowCount -= 1 }
            for row in 0..<rowCount { places[row] = slot * stride }
            decorate(rowCount, group)
            applyFirstLayer(rowCount)
            second?(hidden, rowCount: rowCount, weights: weights, matrix: slot, into: sums, adds: true)
        }
        let (width, rows) = (network.width, sums)
        let values = rows.span(of: Float.self)
        var elements = dst.mutableSpan(of: Float.self)
        for row in 0..<group.count {
            let line = values.extracting(row * width..<(row + 1) * width)
            var target = elements._mutatingExtracting(pillars[row] * width..<(pillars[row] + 1) * width)
            for column in 0..<width { target[column] = line[column] }
        }
    }

    /// Orders pillars by the number of slots that are read and hold a point, most first; gives the largest.
    private mutating func order(_ group: Range<Int>, stride: Int) -> Int {
        let slotCount = (network.operation.slotCount + stride - 1) / stride
        // First how many pillars have more slots, then where the next one with as many goes.
        var starts = [Int](repeating: 0, count: slotCount + 1)
        for index in 0..<group.count { starts[(pointCounts[index] + stride - 1) / stride] += 1 }
        var (before, longest) = (0, 0)
        for slots in Swift.stride(from: slotCount, through: 0, by: -1) {
            let count = starts[slots]
            if count > 0 { longest = max(longest, slots) }
            starts[slots] = before
            before += count
        }
        for index in 0..<group.count {
            let slots = (pointCounts[index] + stride - 1) / stride
            pillars[starts[slots]] = group.lowerBound + index
            starts[slots] += 1
        }
        return longest
    }

    /// Every row starts as what the slots without a point contribute.
    private func start(_ rowCount: Int, stride: Int, _ group: Range<Int>, from tail: Tensor) {
        let (width, rows) = (network.width, sums)
        let values = tail.span(of: Float.self)
        var elements = rows.mutableSpan(of: Float.self)
        for row in 0..<rowCount {
            let firstEmpty = (pointCounts[pillars[row] - group.lowerBound] + stride - 1) / stride
            let line = values.extracting(firstEmpty * width..<(firstEmpty + 1) * width)
            var target = elements._mutatingExtracting(row * width..<(row + 1) * width)
            for column in 0..<width { target[column] = line[column] }
        }
    }

    // MARK: - Maximum

    private mutating func maximise(_ group: Range<Int>, into dst: Tensor) {
        startMaxima(group, into: dst)
        // Rows fill up with points of one pillar after the other, and are emptied when they are full.
        var rowCount = 0
        for pillar in group {
            for point in 0..<pointCounts[pillar - group.lowerBound] {
                pillars[rowCount] = pillar
                places[rowCount] = point
                rowCount += 1
                if rowCount == Self.size {
                    flush(rowCount, group, into: dst)
                    rowCount = 0
                }
            }
        }
        flush(rowCount, group, into: dst)
    }

    /// Every row starts as what a slot without a point gives, if there is one: `relu(b₁)`. Nothing is below zero.
    private func startMaxima(_ group: Range<Int>, into dst: Tensor) {
        let (width, slotCount, offsets) = (network.width, network.operation.slotCount, network.bias)
        let bias = offsets.span(of: Float.self).extracting(0..<width)
        var elements = dst.mutableSpan(of: Float.self)
        for pillar in group {
            let isFull = pointCounts[pillar - group.lowerBound] == slotCount
            var row = elements._mutatingExtracting(pillar * width..<(pillar + 1) * width)
            for column in 0..<width { row[column] = isFull ? 0 : max(bias[column], 0) }
        }
    }

    private func flush(_ rowCount: Int, _ group: Range<Int>, into dst: Tensor) {
        decorate(rowCount, group)
        applyFirstLayer(rowCount)
        let (width, rows) = (network.width, hidden)
        let layer = rows.span(of: Float.self)
        var elements = dst.mutableSpan(of: Float.self)
        for row in 0..<rowCount {
            let line = layer.extracting(row * width..<(row + 1) * width)
            var best = elements._mutatingExtracting(pillars[row] * width..<(pillars[row] + 1) * width)
            for column in 0..<width { best[column] = best[column] < line[column] ? line[column] : best[column] }
        }
    }

    // MARK: - First layer

    /// Fills ``features`` with the point of each row.
    private func decorate(_ rowCount: Int, _ group: Range<Int>) {
        let decoration = network.decoration
        let (points, offsets, cells, rows) = (network.points, network.offsets, network.cells, features)
        let values = points.span(of: Float.self)
        let starts = offsets.span(of: Int32.self)
        let cell = cells.span(of: Int32.self)
        var elements = rows.mutableSpan(of: Float.self)
        let (fieldCount, featureCount) = (decoration.fieldCount, decoration.featureCount)
        for row in 0..<rowCount {
            let pillar = pillars[row]
            let first = (Int(starts[pillar]) + places[row]) * fieldCount
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
        let (width, offsets, rows) = (network.hiddenWidth, network.bias, hidden)
        let bias = offsets.span(of: Float.self).extracting(0..<width)
        var elements = rows.mutableSpan(of: Float.self)
        for row in 0..<rowCount {
            var line = elements._mutatingExtracting(row * width..<(row + 1) * width)
            for column in 0..<width {
                let sum = line[column] + bias[column]
                line[column] = sum < 0 ? 0 : sum
            }
        }
    }
}
