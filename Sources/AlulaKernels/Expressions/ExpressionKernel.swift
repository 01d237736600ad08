// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
package import AlulaTensor

/// An elementwise operator, or a chain of them, with broadcasting, by generated code in one pass over memory.
package struct ExpressionKernel: AddressedKernel {
    package let identifier: String
    private let expression: Expression
    /// For results without gaps.
    private let dense: Walk
    /// For results with gaps between the indices of the outermost axis.
    private let strided: Walk
    private let packing: [ExpressionPacking]
    private let packed: [HeldConstant]

    /// Rows with the code for them.
    private struct Walk: Sendable {
        let grid: ExpressionGrid
        let kernel: ExecutableKernel
        /// Pieces a row is cut into where rows are too few to share out.
        let piecesPerRow: Int
        /// Elements of a piece but the last.
        let pieceLength: Int
        let split: PartSplit
    }

    /// Compiles, or takes from `cache`, the code for `expression`.
    ///
    /// - Parameters:
    ///   - packing: how the operands that are made in ``prepared(constants:packed:)`` are made.
    ///   - target: nil interprets.
    init(
        _ expression: Expression,
        packing: [ExpressionPacking] = [],
        target: VectorTarget?,
        cache: CodeCache = .shared
    ) throws(JITError) {
        self.expression = expression
        self.packing = packing
        packed = []
        let inner = expression.shape.elementCount(in: 1..<max(1, expression.shape.rank))
        dense = try Self.walk(expression, outerStride: nil, target, cache)
        strided = expression.shape.rank > 0 ? try Self.walk(expression, outerStride: inner + 1, target, cache) : dense
        identifier = dense.kernel.name
    }

    private init(_ other: ExpressionKernel, packed: [HeldConstant]) {
        identifier = other.identifier
        expression = other.expression
        dense = other.dense
        strided = other.strided
        packing = other.packing
        self.packed = packed
    }

    /// - Parameter outerStride: any distance that leaves a gap: how axes merge does not depend on its size.
    private static func walk(
        _ expression: Expression,
        outerStride: Int?,
        _ target: VectorTarget?,
        _ cache: CodeCache
    ) throws(JITError) -> Walk {
        let vectors = target ?? .longest(.avx2)  // what interpreted kernels are written for
        let grid = ExpressionGrid(
            expression.shape,
            operands: expression.operands.map(\.shape),
            outerStride: outerStride,
            lanes: vectors.lanes,
            heldLimit: vectors.vectorRegisterCount / 2 - 2
        )
        let descriptor = ExpressionDescriptor(
            epilogue: expression.epilogue,
            operands: grid.accesses(expression.operands.map(\.element)),
            dstElement: expression.dstElement,
            form: grid.form
        )
        let kernel = try cache.kernel(for: descriptor, target: target) { target in
            ExpressionGenerator.program(descriptor, target: target)
        }
        let rows = grid.totalRowCount
        let wantedParts = 32
        let pieceLimit = 4096  // elements; shorter pieces are not worth a part
        let pieces = max(1, min((wantedParts + rows - 1) / rows, grid.rowLength / pieceLimit))
        let cacheLine = 64
        let length = pieces == 1 ? grid.rowLength : (grid.rowLength / pieces + cacheLine - 1) / cacheLine * cacheLine
        let count = (grid.rowLength + length - 1) / length
        return Walk(
            grid: grid,
            kernel: kernel,
            piecesPerRow: count,
            pieceLength: length,
            split: PartSplit(count: rows * count, cost: length * max(1, expression.epilogue.stages.count))
        )
    }

    // MARK: - Running

    package var acceptsStridedOutput: Bool { true }
    package var partCount: Int { dense.split.partCount }

    package var inputsThatMayBeOverwritten: [Int] {
        expression.operands.compactMap { operand in
            guard case .input(let index) = operand.source, operand.shape == expression.shape,
                operand.element == expression.dstElement
            else { return nil }
            return index
        }
    }

    package func prepared(constants: [Tensor?], packed: PackedConstants) -> any Kernel {
        guard !packing.isEmpty else { return self }
        return ExpressionKernel(self, packed: packing.map { HeldConstant($0.tensor(constants, packed)) })
    }

    package func run(parts: Range<Int>, operands: KernelOperands) {
        let dst = operands.output
        let walk = dst.isContiguous ? dense : strided
        let split = PartSplit(count: walk.split.count, partCount: partCount)
        var bases = InlineArray<8, Int>(repeating: 0)
        for (index, operand) in expression.operands.enumerated() {
            switch operand.source {
            case .input(let input): bases[index] = operands.input(input).address
            case .packed(let number): bases[index] = packed[number].address
            }
        }
        for part in parts { run(walk, split.range(part), bases, dst) }
    }

    /// Computes `units`, pieces of rows.
    private func run(
        _ walk: Walk,
        _ units: Range<Int>,
        _ bases: borrowing InlineArray<8, Int>,
        _ dst: KernelOperands.Place
    ) {
        var unit = units.lowerBound
        while unit < units.upperBound {
            let (row, piece) = unit.quotientAndRemainder(dividingBy: walk.piecesPerRow)
            let count = min(
                units.upperBound - unit,
                walk.piecesPerRow > 1 ? walk.piecesPerRow - piece : walk.grid.rowCount - row % walk.grid.rowCount
            )
            call(walk, row, piece, count, bases, dst)
            unit += count
        }
    }

    /// Computes `count` rows from `row` on or, where rows are cut, `count` pieces of one.
    private func call(
        _ walk: Walk,
        _ row: Int,
        _ piece: Int,
        _ count: Int,
        _ bases: borrowing InlineArray<8, Int>,
        _ dst: KernelOperands.Place
    ) {
        let grid = walk.grid
        let rowAxis = grid.extents.count - 2
        let isCut = walk.piecesPerRow > 1
        let column = piece * walk.pieceLength
        var arguments = ExpressionArguments()
        arguments.rowCount = isCut ? 1 : count
        arguments.rowLength = isCut ? min(count * walk.pieceLength, grid.rowLength - column) : grid.rowLength
        for (index, operand) in expression.operands.enumerated() {
            let strides = grid.strides[index]
            let element = operand.element.byteCount
            let start = grid.offset(ofRow: row, strides) + column * strides[rowAxis + 1]
            arguments.src[index] = bases[index] + start * element
            arguments.srcRowByteCount[index] = strides[rowAxis] * element
        }
        let element = expression.dstElement.byteCount
        var start = grid.offset(ofRow: row, grid.dstStrides) + column
        var rowStride = grid.dstStrides[rowAxis]
        if !dst.isContiguous {
            // The grid supposes some gap between the outermost indices; the tensor has another.
            let excess = dst.outerStrideElements - grid.dstStrides[0]
            start += row / (grid.totalRowCount / grid.extents[0]) * excess
            if rowAxis == 0 { rowStride += excess }
        }
        arguments.dst = dst.address + start * element
        arguments.dstRowByteCount = rowStride * element
        walk.kernel(arguments)
    }
}
