// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// `Gemm` and `MatMul` of few rows, which read every weight once: no packing, weights straight from memory.
///
/// Weights `[N, K]`: four dot products at a time. Weights `[K, N]`, one row: 64 columns are summed at a time.
struct MatVecF32: Kernel {
    let identifier: String
    private let m: Int
    private let n: Int
    private let k: Int
    private let isWeightsTransposed: Bool
    private let alpha: Float
    private let chain: StageChain
    private let split: PartSplit

    /// Columns of a part are a multiple of this, so that parts do not share vectors.
    private static let blockColumns = 64
    /// With more rows packing pays.
    private static let maxRowCount = 4

    /// A kernel for float32 `Gemm` with up to four rows (one, unless weights are transposed) and unbatched `MatMul` of
    /// one row, alone or fused.
    @Sendable
    static func make(_ operation: any Operator, _ inputs: [TensorType?], _ outputs: [TensorType]) -> (any Kernel)? {
        guard let problem = FusedProblem(operation, inputs, outputs), let src = problem.floatInput(0),
            let weights = problem.floatInput(1), problem.output.shape.elementCount > 0
        else { return nil }
        if problem.producer is MatMul, let geometry = MatMulGeometry(src: src, weights: weights), geometry.m == 1,
            geometry.batchShape.elementCount == 1
        {
            return MatVecF32((1, geometry.n, geometry.k), isWeightsTransposed: false, alpha: 1, problem.chain)
        }
        guard let gemm = problem.producer as? Gemm, let extents = gemm.extents(src: src, weights: weights),
            extents.m <= (gemm.isWeightsTransposed ? maxRowCount : 1), !gemm.isSrcTransposed || extents.m == 1
        else { return nil }
        let hasBias = problem.inputs.count > 2 && problem.inputs[2] != nil
        guard !hasBias || gemm.beta == 1 else { return nil }
        let stages = (hasBias ? [Fused.Stage(Add(), operandInput: 2)] : []) + ((operation as? Fused)?.stages ?? [])
        guard let chain = StageChain(stages, inputs: inputs, shape: problem.output.shape) else { return nil }
        return MatVecF32(extents, isWeightsTransposed: gemm.isWeightsTransposed, alpha: gemm.alpha, chain)
    }

    private init(_ extents: (m: Int, n: Int, k: Int), isWeightsTransposed: Bool, alpha: Float, _ chain: StageChain) {
        (m, n, k) = extents
        self.isWeightsTransposed = isWeightsTransposed
        self.alpha = alpha
        self.chain = chain
        let blocks = (n + Self.blockColumns - 1) / Self.blockColumns
        split = PartSplit(count: blocks, cost: Self.blockColumns * max(k, 1) * m)
        identifier = "f32_matvec_\(isWeightsTransposed ? "dot4" : "1x64")\(chain.isEmpty ? "" : "_stages")__portable"
    }

    var partCount: Int { split.partCount }

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let src = inputs[0], let weights = inputs[1], let dst = outputs[0] else { return }
        let blocks = split.range(part)
        let columns = (blocks.lowerBound * Self.blockColumns)..<min(blocks.upperBound * Self.blockColumns, n)
        let rows = src.span(of: Float.self)
        let factors = weights.span(of: Float.self)
        var elements = dst.mutableSpan(of: Float.self)
        for row in 0..<m {
            var run = elements._mutatingExtracting((row * n + columns.lowerBound)..<(row * n + columns.upperBound))
            let source = rows.extracting((row * k)..<((row + 1) * k))
            if isWeightsTransposed {
                dotProducts(source, factors, columns, into: &run)
            } else {
                columnSums(source, factors, columns, into: &run)
            }
            if alpha != 1 { for index in 0..<run.count { run[index] *= alpha } }
            chain.apply(to: &run, startingAt: row * n + columns.lowerBound, inputs: inputs)
        }
    }

    private func dotProducts(
        _ row: Span<Float>,
        _ weights: Span<Float>,
        _ columns: Range<Int>,
        into run: inout MutableSpan<Float>
    ) {
        for first in stride(from: columns.lowerBound, to: columns.upperBound, by: 4) {
            // Columns past the last one compute it again.
            func line(_ index: Int) -> Int { min(first + index, columns.upperBound - 1) * k }
            let line0 = weights.extracting(line(0)..<(line(0) + k))
            let line1 = weights.extracting(line(1)..<(line(1) + k))
            let line2 = weights.extracting(line(2)..<(line(2) + k))
            let line3 = weights.extracting(line(3)..<(line(3) + k))
            var (sum0, sum1, sum2, sum3) = (Lane8(), Lane8(), Lane8(), Lane8())
            let whole = k / 8 * 8
            for p in stride(from: 0, to: whole, by: 8) {
                let x = Lane8(contiguous: row.extracting(p..<(p + 8)))
                sum0 = sum0 + x * Lane8(contiguous: line0.extracting(p..<(p + 8)))
                sum1 = sum1 + x * Lane8(contiguous: line1.extracting(p..<(p + 8)))
                sum2 = sum2 + x * Lane8(contiguous: line2.extracting(p..<(p + 8)))
                sum3 = sum3 + x * Lane8(contiguous: line3.extracting(p..<(p + 8)))
            }
            var sums = SIMD4<Float>(sum0.sum(), sum1.sum(), sum2.sum(), sum3.sum())
            for p in whole..<k { sums = sums + row[p] * SIMD4(line0[p], line1[p], line2[p], line3[p]) }
            let count = min(4, columns.upperBound - first)
            for index in 0..<count { run[first - columns.lowerBound + index] = sums[index] }
        }
    }

    private func columnSums(
        _ row: Span<Float>,
        _ weights: Span<Float>,
        _ columns: Range<Int>,
        into run: inout MutableSpan<Float>
    ) {
        for first in stride(from: columns.lowerBound, to: columns.upperBound, by: Self.blockColumns) {
            let count = min(Self.blockColumns, columns.upperBound - first)
            var block = run._mutatingExtracting(
                (first - columns.lowerBound)..<(first - columns.lowerBound + count)
            )
            for index in 0..<count { block[index] = 0 }
            for p in 0..<k {
                let factor = row[p]
                let line = weights.extracting((p * n + first)..<(p * n + first + count))
                for index in 0..<count { block[index] += factor * line[index] }
            }
        }
    }
}
