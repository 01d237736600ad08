// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaTensor

/// The rows an expression's result is cut into: axes over which all operands advance as over one are merged.
struct ExpressionGrid: Sendable {
    /// Merged extents: outer axes, rows, elements of a row.
    let extents: [Int]
    /// By operand, over the merged axes, in elements.
    let strides: [[Int]]
    /// Of the result.
    let dstStrides: [Int]
    let form: ExpressionDescriptor.Form

    /// - Parameters:
    ///   - operands: shapes that broadcast to `shape`.
    ///   - outerStride: elements from one index of the outermost axis to the next in the result; nil where it has no
    ///     gaps.
    ///   - heldLimit: vector registers there are for operands that stay in them.
    init(_ shape: Shape, operands: [Shape], outerStride: Int?, lanes: Int, heldLimit: Int) {
        var dense = (0..<shape.rank).map { shape.elementCount(in: ($0 + 1)..<shape.rank) }
        if let outerStride, shape.rank > 0 { dense[0] = outerStride }
        let all = operands.map { $0.broadcastStrides(to: shape) } + [dense]
        var (extents, strides) = Self.merged(shape, all)
        if extents.isEmpty || outerStride != nil && strides[operands.count].last != 1 {
            // Elements with gaps between them: rows of one.
            extents.append(1)
            for index in strides.indices { strides[index].append(1) }
        }
        while extents.count < 2 {
            extents.insert(1, at: 0)
            for index in strides.indices { strides[index].insert(0, at: 0) }
        }
        self.extents = extents
        dstStrides = strides.removeLast()
        self.strides = strides
        form = Self.form(extents, strides, dstStrides, lanes: lanes, heldLimit: heldLimit)
    }

    private static func merged(_ shape: Shape, _ all: [[Int]]) -> (extents: [Int], strides: [[Int]]) {
        var extents: [Int] = []
        var strides = all.map { _ in [Int]() }
        for axis in (0..<shape.rank).reversed() where shape[axis] != 1 {
            if let inner = extents.first, all.indices.allSatisfy({ all[$0][axis] == strides[$0][0] * inner }) {
                extents[0] *= shape[axis]
                continue
            }
            extents.insert(shape[axis], at: 0)
            for index in all.indices { strides[index].insert(all[index][axis], at: 0) }
        }
        return (extents, strides)
    }

    /// Short rows of whole vectors are walked without a loop of their own.
    private static func form(
        _ extents: [Int],
        _ strides: [[Int]],
        _ dst: [Int],
        lanes: Int,
        heldLimit: Int
    ) -> ExpressionDescriptor.Form {
        let (rows, row) = (extents.count - 2, extents.count - 1)
        let vectors = extents[row] / lanes
        let longest = 4  // beyond, the loop over a row costs little
        guard extents[row] % lanes == 0, (1...longest).contains(vectors), dst[rows] == extents[row] else {
            return .rows
        }
        var held = 0
        for stride in strides {
            let isRow = stride[row] == 1
            guard stride[rows] == 0 || stride[rows] == (isRow ? extents[row] : 1) else { return .rows }
            if stride[rows] == 0 { held += isRow ? vectors : 1 }
        }
        return held <= heldLimit ? .blocks(vectors: vectors) : .rows
    }

    /// How the operands are read.
    func accesses(_ elements: [ElementType]) -> [ExpressionDescriptor.Access] {
        zip(strides, elements).map { stride, element in
            ExpressionDescriptor.Access(
                element: element,
                isRow: stride[extents.count - 1] == 1,
                advances: form == .rows || stride[extents.count - 2] != 0
            )
        }
    }

    var rowLength: Int { extents[extents.count - 1] }
    /// Rows that follow each other at one distance.
    var rowCount: Int { extents[extents.count - 2] }
    /// All rows.
    var totalRowCount: Int { extents.dropLast().reduce(1, *) }

    /// Elements from the start of a tensor to row `row` of all, for a tensor with `strides`.
    func offset(ofRow row: Int, _ strides: [Int]) -> Int {
        var offset = 0
        var rest = row
        for axis in stride(from: extents.count - 2, through: 0, by: -1) {
            let (quotient, index) = rest.quotientAndRemainder(dividingBy: extents[axis])
            offset += index * strides[axis]
            rest = quotient
        }
        return offset
    }
}
