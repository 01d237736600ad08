// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// Stacked matrix products with packed column panels, four rows by eight columns a tile.
///
/// `MatMul` with broadcasting batches, and `Gemm` with its flags; a bias and the fused stages run on finished rows.
struct MatMulF32: Kernel {
    let identifier: String
    private let m: Int
    private let n: Int
    private let k: Int
    private let batchShape: Shape
    private let srcBatchStrides: [Int]
    private let weightsBatchStrides: [Int]
    private let isSrcTransposed: Bool
    private let isWeightsTransposed: Bool
    private let alpha: Float
    private let chain: StageChain
    private let rowsPerPart: Int
    private let columnsPerPart: Int

    /// Columns packed at a time: eight panels.
    private static let blockColumns = 64

    /// A kernel for `MatMul` or `Gemm`, alone or fused, of float32.
    @Sendable
    static func make(_ operation: any Operator, _ inputs: [TensorType?], _ outputs: [TensorType]) -> (any Kernel)? {
        guard let problem = FusedProblem(operation, inputs, outputs), let src = problem.floatInput(0),
            let weights = problem.floatInput(1), problem.output.shape.elementCount > 0
        else { return nil }
        let stages = (operation as? Fused)?.stages ?? []
        if problem.producer is MatMul, let geometry = MatMulGeometry(src: src, weights: weights) {
            return MatMulF32(geometry, problem.chain)
        }
        guard let gemm = problem.producer as? Gemm, let extents = gemm.extents(src: src, weights: weights) else {
            return nil
        }
        let hasBias = problem.inputs.count > 2 && problem.inputs[2] != nil
        guard !hasBias || gemm.beta == 1 else { return nil }
        let bias = hasBias ? [Fused.Stage(Add(), operandInput: 2)] : []
        guard let chain = StageChain(bias + stages, inputs: inputs, shape: problem.output.shape) else { return nil }
        return MatMulF32(gemm, extents, chain)
    }

    private init(_ geometry: MatMulGeometry, _ chain: StageChain) {
        (m, n, k) = (geometry.m, geometry.n, geometry.k)
        batchShape = geometry.batchShape
        srcBatchStrides = geometry.srcBatchStrides
        weightsBatchStrides = geometry.weightsBatchStrides
        (isSrcTransposed, isWeightsTransposed, alpha) = (false, false, 1)
        self.chain = chain
        identifier = "f32_matmul_4x8\(chain.isEmpty ? "" : "_stages")__portable"
        (rowsPerPart, columnsPerPart) = Self.partExtents(m: m, n: n, batch: batchShape.elementCount)
    }

    private init(_ gemm: Gemm, _ extents: (m: Int, n: Int, k: Int), _ chain: StageChain) {
        (m, n, k) = extents
        batchShape = .scalar
        (srcBatchStrides, weightsBatchStrides) = ([], [])
        isSrcTransposed = gemm.isSrcTransposed
        isWeightsTransposed = gemm.isWeightsTransposed
        alpha = gemm.alpha
        self.chain = chain
        identifier = "f32_gemm_4x8\(chain.isEmpty ? "" : "_stages")__portable"
        (rowsPerPart, columnsPerPart) = Self.partExtents(m: m, n: n, batch: 1)
    }

    /// Columns are split first: each part packs only its own. Rows are split where there are few columns.
    private static func partExtents(m: Int, n: Int, batch: Int) -> (rows: Int, columns: Int) {
        let wanted = max(1, 16 / batch)
        let columnBlocks = (n + blockColumns - 1) / blockColumns
        let columnParts = min(wanted, columnBlocks)
        let rowParts = max(1, min(wanted / columnParts, m / 32))
        let blocksPerPart = (columnBlocks + columnParts - 1) / columnParts
        return ((m + rowParts - 1) / rowParts, blocksPerPart * blockColumns)
    }

    private var rowPartCount: Int { (m + rowsPerPart - 1) / rowsPerPart }
    private var columnPartCount: Int { (n + columnsPerPart - 1) / columnsPerPart }

    var partCount: Int { batchShape.elementCount * rowPartCount * columnPartCount }

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let src = inputs[0], let weights = inputs[1], let dst = outputs[0] else { return }
        let (rest, columnPart) = part.quotientAndRemainder(dividingBy: columnPartCount)
        let (batch, rowPart) = rest.quotientAndRemainder(dividingBy: rowPartCount)
        var (left, right, index) = (0, 0, batch)
        for axis in stride(from: batchShape.rank - 1, through: 0, by: -1) {
            let (quotient, position) = index.quotientAndRemainder(dividingBy: batchShape[axis])
            left += position * srcBatchStrides[axis]
            right += position * weightsBatchStrides[axis]
            index = quotient
        }
        let rows = (rowPart * rowsPerPart)..<min((rowPart + 1) * rowsPerPart, m)
        let columns = (columnPart * columnsPerPart)..<min((columnPart + 1) * columnsPerPart, n)
        let matrix = src.span(of: Float.self).extracting(left..<(left + m * k))
        let packedRows = isSrcTransposed ? packTransposed(matrix, rows) : []
        let factors = weights.span(of: Float.self).extracting(right..<(right + k * n))
        var panels = [Lane8](repeating: Lane8(repeating: 0), count: Self.blockColumns / 8 * k)
        for first in stride(from: columns.lowerBound, to: columns.upperBound, by: Self.blockColumns) {
            let block = first..<min(first + Self.blockColumns, columns.upperBound)
            pack(factors, block, into: &panels)
            let source = isSrcTransposed ? packedRows.span : matrix
            let firstRow = isSrcTransposed ? rows.lowerBound : 0
            for row in stride(from: rows.lowerBound, to: rows.upperBound, by: 4) {
                let tile = row..<min(row + 4, rows.upperBound)
                run(tile, block, source, firstRow: firstRow, panels.span, dst, batch: batch, inputs)
            }
        }
    }

    /// Rows `tile` of the columns `block`.
    private func run(
        _ tile: Range<Int>,
        _ block: Range<Int>,
        _ source: Span<Float>,
        firstRow: Int,
        _ panels: Span<Lane8>,
        _ dst: Tensor,
        batch: Int,
        _ inputs: [Tensor?]
    ) {
        func start(_ index: Int) -> Int { (min(tile.lowerBound + index, tile.upperBound - 1) - firstRow) * k }
        let row0 = source.extracting(start(0)..<(start(0) + k))
        let row1 = source.extracting(start(1)..<(start(1) + k))
        let row2 = source.extracting(start(2)..<(start(2) + k))
        let row3 = source.extracting(start(3)..<(start(3) + k))
        var elements = dst.mutableSpan(of: Float.self)
        let base = batch * m * n + tile.lowerBound * n + block.lowerBound
        for panel in 0..<((block.count + 7) / 8) {
            let sums = MicroKernel.multiply(
                row0,
                row1,
                row2,
                row3,
                panel: panels.extracting((panel * k)..<((panel + 1) * k)),
                start: SIMD4(repeating: 0)
            )
            let count = min(8, block.count - panel * 8)
            for row in 0..<tile.count {
                let sum = row < 2 ? (row == 0 ? sums.0 : sums.1) : (row == 2 ? sums.2 : sums.3)
                elements.store(alpha == 1 ? sum : sum * alpha, at: base + row * n + panel * 8, count: count)
            }
        }
        guard !chain.isEmpty else { return }
        for row in 0..<tile.count {
            let first = base + row * n
            var run = elements._mutatingExtracting(first..<(first + block.count))
            chain.apply(to: &run, startingAt: first, inputs: inputs)
        }
    }

    /// Columns `block` of weights as panels of eight columns, `k` entries each; columns past the last are zero.
    private func pack(_ weights: Span<Float>, _ block: Range<Int>, into panels: inout [Lane8]) {
        var entries = panels.mutableSpan
        for panel in 0..<((block.count + 7) / 8) {
            let first = block.lowerBound + panel * 8
            let count = min(8, block.upperBound - first)
            for p in 0..<k {
                if !isWeightsTransposed && count == 8 {
                    let start = p * n + first
                    entries[panel * k + p] = Lane8(contiguous: weights.extracting(start..<(start + 8)))
                    continue
                }
                var lanes = Lane8(repeating: 0)
                for lane in 0..<count {
                    lanes[lane] = isWeightsTransposed ? weights[(first + lane) * k + p] : weights[p * n + first + lane]
                }
                entries[panel * k + p] = lanes
            }
        }
    }

    /// Rows of a src that is stored `[K, M]`.
    private func packTransposed(_ src: Span<Float>, _ rows: Range<Int>) -> [Float] {
        var packed = [Float](repeating: 0, count: rows.count * k)
        var target = packed.mutableSpan
        for row in rows {
            for p in 0..<k { target[(row - rows.lowerBound) * k + p] = src[p * m + row] }
        }
        return packed
    }
}
