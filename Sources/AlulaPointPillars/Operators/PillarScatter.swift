// SPDX-License-Identifier: Apache-2.0

public import Alula

/// Writes the features of pillars to their cells of a bird's-eye-view image that is zero elsewhere.
///
/// `dst[0, c, row(p), column(p)] = src[p, c]`. src: features `[V, C]` or `[1, V, C]` (float32); cells (int32), `[V, 2]` as
/// row, column, or `[V, 4]` and `[1, V, 4]` as frame, layer, row, column; how many pillars count (int32: the first element).
/// Of pillars in one cell the last stays. dst `[1, C, rows, columns]`.
/// TensorRT counterparts: `PPScatterPlugin`, `PillarScatterPlugin`.
public struct PillarScatter: PartitionedOperator {
    /// `PillarScatter`.
    public static let name = "PillarScatter"

    /// Rows of the image.
    public var rowCount: Int
    /// Columns of the image.
    public var columnCount: Int

    /// A scatter to an image of `rowCount` by `columnCount`.
    public init(rowCount: Int, columnCount: Int) throws(OperatorError) {
        guard rowCount >= 1, columnCount >= 1, rowCount <= PillarGrid.cellCountLimit,
            columnCount <= PillarGrid.cellCountLimit, rowCount * columnCount <= PillarGrid.cellCountLimit
        else {
            throw .invalidAttribute(
                operator: Self.name,
                attribute: "dense_shape",
                got: "\(rowCount) × \(columnCount)",
                expected: "1 to \(PillarGrid.cellCountLimit) cells"
            )
        }
        self.rowCount = rowCount
        self.columnCount = columnCount
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        let shape = try attributes.integers("dense_shape", for: Self.name)
        guard shape.count == 2 else {
            throw .invalidAttribute(
                operator: Self.name,
                attribute: "dense_shape",
                got: "\(shape)",
                expected: "rows and columns"
            )
        }
        try self.init(rowCount: shape[0], columnCount: shape[1])
    }

    /// The exporters' name: `dense_shape`.
    public var attributes: Attributes { ["dense_shape": .integers([rowCount, columnCount])] }

    // MARK: - Shapes

    /// `[1, C, rows, columns]`.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 3...3)
        try inputs.require([.float32], of: 0)
        try inputs.require([.int32], of: 1)
        try inputs.require([.int32], of: 2)
        let (features, cells) = (try inputs.required(0).shape, try inputs.required(1).shape)
        guard features.rank == 2 || features.rank == 3 && features[0] == 1 else {
            throw .shapeMismatch(
                operator: Self.name,
                input: 0,
                got: features,
                expected: "[V, C] or [1, V, C]: one cloud at a time"
            )
        }
        let pillars = features[features.rank - 2]
        let isExpected =
            cells == [pillars, 2] || cells == [pillars, 4] || cells == [1, pillars, 4] || cells == [1, pillars, 2]
        guard isExpected else {
            let expected = "[\(pillars), 2] or [\(pillars), 4], a cell for each pillar of input 0"
            throw .shapeMismatch(operator: Self.name, input: 1, got: cells, expected: expected)
        }
        let count = try inputs.required(2).shape
        guard count.elementCount >= 1 else {
            throw .shapeMismatch(operator: Self.name, input: 2, got: count, expected: "one element")
        }
        return [TensorType(.float32, [1, features[features.rank - 1], rowCount, columnCount])]
    }

    // MARK: - Evaluation

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let dst = outputs[0] else { return }
        try scatter(channels: 0..<dst.shape[1], inputs, into: dst)
    }

    /// Four channels: their part of the image (3.4 MB on KITTI's grid) is cleared and written while it is in cache, and four
    /// channels of a pillar are one load.
    private static let channelsPerPart = 4

    /// One part for every four channels.
    public func partCount(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        ((outputs.first?.shape[1] ?? 1) + Self.channelsPerPart - 1) / Self.channelsPerPart
    }

    /// The channels of one part.
    public func evaluate(
        part: Int,
        of partCount: Int,
        inputs: [Tensor?],
        outputs: [Tensor?]
    ) throws(OperatorError) {
        guard let dst = outputs[0] else { return }
        let first = part * Self.channelsPerPart
        try scatter(channels: first..<min(first + Self.channelsPerPart, dst.shape[1]), inputs, into: dst)
    }

    private func scatter(
        channels: Range<Int>,
        _ inputs: [Tensor?],
        into dst: Tensor
    ) throws(OperatorError) {
        guard let features = inputs[0], let cells = inputs[1], let count = inputs[2] else { return }
        let pillars = Int(count.span(of: Int32.self)[0])
        let capacity = features.shape[features.shape.rank - 2]
        guard (0...capacity).contains(pillars) else {
            throw .invalidValue(operator: Self.name, input: 2, got: "\(pillars) pillars", expected: "0 to \(capacity)")
        }
        let area = rowCount * columnCount
        var image = dst.mutableSpan(of: Float.self)
        var planes = image._mutatingExtracting(channels.lowerBound * area..<channels.upperBound * area)
        planes.update(repeating: 0)
        let src = features.span(of: Float.self)
        let cell = cells.span(of: Int32.self)
        let width = features.shape[features.shape.rank - 1]
        let step = cells.shape[cells.shape.rank - 1]
        for pillar in 0..<pillars {
            let row = Int(cell[(pillar + 1) * step - 2])
            let column = Int(cell[(pillar + 1) * step - 1])
            guard row >= 0, row < rowCount, column >= 0, column < columnCount else {
                throw .invalidValue(
                    operator: Self.name,
                    input: 1,
                    got: "row \(row), column \(column) of pillar \(pillar)",
                    expected: "inside \(rowCount) × \(columnCount)"
                )
            }
            var target = row * columnCount + column
            for channel in channels {
                planes[target] = src[pillar * width + channel]
                target += area
            }
        }
    }

    /// Zero: the time goes into moving features.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
