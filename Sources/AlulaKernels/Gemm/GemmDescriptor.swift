// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// Where the elements of a matrix lie: elements between neighbours.
package struct MatrixStrides: Hashable, Sendable {
    /// From a row to the next.
    package var row: Int
    /// From a column to the next.
    package var column: Int

    package init(row: Int, column: Int) {
        self.row = row
        self.column = column
    }
}

/// Stacked matrix products as the code generator sees them: `dst[b, m, n] = Σₖ src[b, m, k] · weights[b, k, n]`.
package struct GemmDescriptor: Hashable, Sendable {
    /// Rows of dst.
    package var m: Int
    /// Columns of dst.
    package var n: Int
    /// Terms of each sum.
    package var k: Int
    /// Strides of src `[M, K]`.
    package var src: MatrixStrides
    /// Strides of weights `[K, N]`; one of them is 1.
    package var weights: MatrixStrides
    /// Elements from a row of dst to the next, and from a row of an operand of the epilogue that is as large as dst.
    package var dstRowElements: Int
    package var operandRowElements: Int
    /// The axes by which products are stacked, outermost first; empty for one product.
    package var batch: [Int]
    /// Elements of src and of weights from one product to the next along each batch axis; 0 where one is used again.
    package var srcBatchStrides: [Int]
    package var weightsBatchStrides: [Int]
    /// Whether weights are packed before the first run.
    package var areWeightsConstant: Bool

    /// One product of matrices that lie row by row.
    package init(m: Int, n: Int, k: Int, areWeightsConstant: Bool = false) {
        self.m = m
        self.n = n
        self.k = k
        src = MatrixStrides(row: k, column: 1)
        // A single column is packed faster as terms side by side.
        weights = n == 1 ? MatrixStrides(row: 1, column: k) : MatrixStrides(row: n, column: 1)
        dstRowElements = n
        operandRowElements = n
        batch = []
        srcBatchStrides = []
        weightsBatchStrides = []
        self.areWeightsConstant = areWeightsConstant
    }

    /// How many products are stacked.
    package var batchCount: Int { batch.reduce(1, *) }

    /// Whether the terms of a column of weights lie side by side.
    package var areWeightsTransposed: Bool { weights.column != 1 }

    /// Two for every term of every sum.
    package var floatingPointOperations: Int { 2 * batchCount * m * n * k }

    /// Why the generator does not cover the problem; nil if it does.
    package var rejection: String? {
        if m < 1 || n < 1 || k < 1 || batchCount < 1 { return "nothing to do" }
        if weights.row != 1 && weights.column != 1 { return "weights lie neither row by row nor column by column" }
        let farthest = max(src.row, src.column, weights.row, weights.column, dstRowElements, operandRowElements)
        if farthest * 4 * 64 > Int(Int32.max) { return "rows lie too far apart for addresses in instructions" }
        return nil
    }
}

// MARK: - From operators

extension GemmDescriptor {
    /// `MatMul`; where one matrix of weights serves all of src, stacked rows are rows of one product.
    init(_ geometry: MatMulGeometry, areWeightsConstant: Bool) {
        self.init(m: geometry.m, n: geometry.n, k: geometry.k, areWeightsConstant: areWeightsConstant)
        let count = geometry.batchShape.elementCount
        let sharesWeights = geometry.weightsBatchStrides.allSatisfy { $0 == 0 }
        if sharesWeights && geometry.isSrcContiguous {
            m *= count
        } else {
            batch = geometry.batchShape.extents
            srcBatchStrides = geometry.srcBatchStrides
            weightsBatchStrides = geometry.weightsBatchStrides
        }
    }

    /// `Gemm` without its factors and its third operand.
    init(_ gemm: Gemm, _ extents: (m: Int, n: Int, k: Int), areWeightsConstant: Bool) {
        self.init(m: extents.m, n: extents.n, k: extents.k, areWeightsConstant: areWeightsConstant)
        if gemm.isSrcTransposed { src = MatrixStrides(row: 1, column: m) }
        if gemm.isWeightsTransposed { weights = MatrixStrides(row: 1, column: k) }
    }
}

extension MatMulGeometry {
    /// Whether the stacked matrices of src follow each other without repetition.
    fileprivate var isSrcContiguous: Bool {
        var expected = m * k
        for axis in (0..<batchShape.rank).reversed() where batchShape[axis] != 1 {
            guard srcBatchStrides[axis] == expected else { return false }
            expected *= batchShape[axis]
        }
        return true
    }
}
