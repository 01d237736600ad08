// SPDX-License-Identifier: Apache-2.0

public import Alula

/// Says which anchors have enough pillars under them to be worth looking at.
///
/// An anchor counts the pillars in cells `⌊(x - wx/2)/sx⌋ < column ≤ ⌊(x + wx/2)/sx⌋` and likewise for rows, with the lower
/// end clipped to 0 and the upper end to the last cell, `x` its centre from the grid's corner and `wx` its extent with its
/// rotation taken to the nearest right angle. Networks trained with such a mask give arbitrary scores elsewhere.
/// Source: SECOND, `sparse_sum_for_anchors_mask` and `fused_get_anchors_area`.
///
/// src: the pillar of every cell `[rows, columns]` (int32; negative: none), as ``Voxelise`` gives it.
/// dst `[H, W, A]` (bool).
public struct AnchorMask: Operator {
    /// `AnchorMask`.
    public static let name = "AnchorMask"

    /// The anchors and the range they stand in, which is that of the grid.
    public var anchors: AnchorSet
    /// Rows of the head's output.
    public var rowCount: Int
    /// Columns of the head's output.
    public var columnCount: Int
    /// The fewest pillars an anchor needs.
    public var minPillars: Int

    /// Slack, in cells, that keeps edges that fall on a cell's edge in the cell above: far above the rounding of `float32`
    /// sizes, far below a real overlap.
    private static let edgeSlack = 1e-4

    /// A mask for a head with `rowCount` by `columnCount` cells.
    public init(anchors: AnchorSet, rowCount: Int, columnCount: Int, minPillars: Int) throws(OperatorError) {
        try checkLimit(rowCount, "rows", for: Self.name)
        try checkLimit(columnCount, "columns", for: Self.name)
        guard rowCount * columnCount <= PillarGrid.cellCountLimit, minPillars >= 0 else {
            throw .invalidAttribute(
                operator: Self.name,
                attribute: "rows, columns, min_pillars",
                got: "\(rowCount), \(columnCount), \(minPillars)",
                expected: "at most \(PillarGrid.cellCountLimit) cells and no negative number"
            )
        }
        self.anchors = anchors
        self.rowCount = rowCount
        self.columnCount = columnCount
        self.minPillars = minPillars
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        try self.init(
            anchors: try AnchorSet(attributes, for: Self.name),
            rowCount: try attributes.integer("rows", for: Self.name),
            columnCount: try attributes.integer("columns", for: Self.name),
            minPillars: try attributes.integer("min_pillars", for: Self.name)
        )
    }

    /// Anchors, output cells and the limit.
    public var attributes: Attributes {
        var values = anchors.attributes
        values["rows"] = .integer(rowCount)
        values["columns"] = .integer(columnCount)
        values["min_pillars"] = .integer(minPillars)
        return Attributes(values)
    }

    /// `[H, W, A]`.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require([.int32], of: 0)
        try inputs.require(rank: 2...2, of: 0)
        let grid = try inputs.required(0).shape
        guard grid.elementCount > 0 else {
            throw .shapeMismatch(operator: Self.name, input: 0, got: grid, expected: "a grid with cells")
        }
        return [TensorType(.bool, [rowCount, columnCount, anchors.anchors.count])]
    }

    /// Counts with a summed-area table: four look-ups an anchor, whatever its size.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let grid = inputs[0], let dst = outputs[0] else { return }
        let (rows, columns) = (grid.shape[0], grid.shape[1])
        let table = Tensor(uninitialized: .int32, shape: grid.shape)
        fillSums(of: grid, into: table)
        let sums = table.span(of: Int32.self)
        var mask = dst.mutableSpan(of: Bool.self)
        let kinds = anchors.anchors.count
        for (kind, anchor) in anchors.anchors.enumerated() {
            let extent = anchors.footprint(anchor)
            let x = limits(of: extent.x, axis: 0, outputs: columnCount, cells: columns)
            let y = limits(of: extent.y, axis: 1, outputs: rowCount, cells: rows)
            for row in 0..<rowCount {
                let (top, bottom) = (y.low[row] * columns, y.high[row] * columns)
                for column in 0..<columnCount {
                    let (left, right) = (x.low[column], x.high[column])
                    let count = sums[bottom + right] - sums[bottom + left] - sums[top + right] + sums[top + left]
                    mask[(row * columnCount + column) * kinds + kind] = Int(count) >= minPillars
                }
            }
        }
    }

    /// `sums[r, c]`: pillars in rows 0 to r and columns 0 to c.
    private func fillSums(of grid: Tensor, into table: Tensor) {
        let cells = grid.span(of: Int32.self)
        var sums = table.mutableSpan(of: Int32.self)
        let columns = grid.shape[1]
        for row in 0..<grid.shape[0] {
            var running: Int32 = 0
            let start = row * columns
            for column in 0..<columns {
                running += cells[start + column] >= 0 ? 1 : 0
                sums[start + column] = running + (row > 0 ? sums[start - columns + column] : 0)
            }
        }
    }

    /// The cells below and at the ends of an anchor along one axis, for every output cell.
    private func limits(of extent: Double, axis: Int, outputs: Int, cells: Int) -> (low: [Int], high: [Int]) {
        let low = Double(anchors.minimum[axis])
        let size = (Double(anchors.maximum[axis]) - low) / Double(cells)
        func cell(_ place: Double) -> Int {
            let index = ((place - low) / size + Self.edgeSlack).rounded(.down)
            return Int(min(max(index, 0), Double(cells - 1)))
        }
        let centres = (0..<outputs).map { anchors.centre($0, of: outputs, axis: axis) }
        return (centres.map { cell($0 - extent / 2) }, centres.map { cell($0 + extent / 2) })
    }

    /// Zero: counting only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
