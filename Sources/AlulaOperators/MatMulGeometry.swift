// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// The extents of a stacked matrix product `dst[b, m, n] = Σₖ src[b, m, k] · weights[b, k, n]`, NumPy's rules resolved.
///
/// Matrices are row-major and contiguous; leading axes broadcast. Scalar references and kernel generators read the same
/// value.
public struct MatMulGeometry: Sendable, Hashable {
    /// Rows of dst.
    public var m: Int
    /// Columns of dst.
    public var n: Int
    /// Terms of each sum.
    public var k: Int
    /// The leading axes of dst, by which matrices are stacked; rank 0 for a single product.
    public var batchShape: Shape
    /// Elements of src between the matrices of neighbouring indices of each batch axis; 0 where src is broadcast.
    public var srcBatchStrides: [Int]
    /// Elements of weights between the matrices of neighbouring indices of each batch axis; 0 where it is broadcast.
    public var weightsBatchStrides: [Int]
    /// The shape of dst: batch, then `m` and `n` except where a one-dimensional operand takes them away.
    public var dstShape: Shape

    /// The product of `src` and `weights`; nil when the shapes do not fit.
    ///
    /// A one-dimensional src is a row, a one-dimensional `weights` a column; dst lacks that axis.
    public init?(src: Shape, weights: Shape) {
        guard src.rank > 0, weights.rank > 0 else { return nil }
        let left = src.rank == 1 ? Shape([1, src[0]]) : src
        let right = weights.rank == 1 ? Shape([weights[0], 1]) : weights
        let leftBatch = Shape(Array(left.extents.dropLast(2)))
        let rightBatch = Shape(Array(right.extents.dropLast(2)))
        guard let batch = leftBatch.broadcast(with: rightBatch), left[left.rank - 1] == right[right.rank - 2] else {
            return nil
        }
        m = left[left.rank - 2]
        k = left[left.rank - 1]
        n = right[right.rank - 1]
        batchShape = batch
        let (matrix, panel) = (m * k, k * n)
        srcBatchStrides = leftBatch.broadcastStrides(to: batch).map { $0 * matrix }
        weightsBatchStrides = rightBatch.broadcastStrides(to: batch).map { $0 * panel }
        var extents = batch.extents
        if src.rank > 1 { extents.append(m) }
        if weights.rank > 1 { extents.append(n) }
        guard let dstShape = Shape(checking: extents) else { return nil }
        self.dstShape = dstShape
    }

    /// The product of an input `src` and `weights` of operator `op`.
    ///
    /// - Throws: ``OperatorError/shapeMismatch(operator:input:got:expected:)`` about input `weightsInput`.
    public init(
        src: Shape,
        weights: Shape,
        weightsInput: Int = 1,
        for op: String
    ) throws(OperatorError) {
        guard let geometry = MatMulGeometry(src: src, weights: weights) else {
            throw .shapeMismatch(
                operator: op,
                input: weightsInput,
                got: weights,
                expected:
                    "a shape that \(src) can be multiplied with: […, K, N] for […, M, K], leading axes broadcasting"
            )
        }
        self = geometry
    }

    /// Multiplications of the whole product.
    public var productCount: Int { saturatingProduct(batchShape.elementCount, m, n, k) }

    /// Computes dst row by row: `body` gets the sums of each row and the index of its first element in dst.
    func forEachRow<A: ReferenceAccumulator>(src: [A], weights: [A], _ body: (_ row: [A], _ start: Int) -> Void) {
        var row = [A](repeating: .zero, count: n)
        var batch = StridedIndices(batchShape, first: srcBatchStrides, second: weightsBatchStrides)
        var start = 0
        for _ in 0..<batchShape.elementCount {
            for i in 0..<m {
                for j in row.indices { row[j] = .zero }
                for p in 0..<k {
                    let a = src[batch.offsets.first + i * k + p]
                    let panel = batch.offsets.second + p * n
                    for j in 0..<n { row[j].addProduct(a, weights[panel + j]) }
                }
                body(row, start)
                start += n
            }
            batch.advance()
        }
    }
}
