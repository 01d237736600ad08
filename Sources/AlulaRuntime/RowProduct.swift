// SPDX-License-Identifier: Apache-2.0

internal import AlulaKernels
public import AlulaTensor

/// Products of rows with small matrices, by code generated for this machine: what an operator from outside calls in its
/// own evaluation where most of its arithmetic is.
///
/// Code is generated once a process for every depth and width; making a product again is a look-up. On machines without
/// generated code the same sums are computed by plain loops.
public struct RowProduct: Sendable {
    /// Terms of a sum: elements of a src row.
    public let depth: Int
    /// Elements of a dst row.
    public let width: Int
    private let panels: RowPanels?

    /// A product of rows of `depth` elements with matrices `[depth, width]`.
    ///
    /// - Precondition: both are positive.
    public init(depth: Int, width: Int) {
        precondition(depth > 0 && width > 0, "a product of \(depth) terms and \(width) columns")
        self.depth = depth
        self.width = width
        panels = RowPanels(depth: depth, width: width)
    }

    // MARK: - Running

    /// `dst[row + i, :] = src[i, :] · weights[matrix, :, :]` for the rows `i` below `rowCount`, or adds that to what dst holds.
    ///
    /// - Parameters:
    ///   - src: `[…, depth]`, float32, contiguous.
    ///   - weights: `[…, depth, width]`, float32, contiguous; `matrix` counts matrices of the leading axes.
    ///   - dst: `[…, width]`, float32, contiguous; shares no memory with the others.
    ///   - row: the first row of dst.
    ///   - adds: whether dst holds the start of the sums.
    /// - Precondition: all rows and the matrix are inside their tensors.
    public func callAsFunction(
        _ src: Tensor,
        rowCount: Int,
        weights: Tensor,
        matrix: Int = 0,
        into dst: Tensor,
        row: Int = 0,
        adds: Bool = false
    ) {
        for tensor in [src, weights, dst] {
            precondition(tensor.dataType == .float32 && tensor.isContiguous, "a product of \(tensor.type)")
        }
        precondition(rowCount >= 0 && rowCount * depth <= src.elementCount, "\(rowCount) rows of \(src.shape)")
        precondition(row >= 0 && (row + rowCount) * width <= dst.elementCount, "rows from \(row) of \(dst.shape)")
        let matrixElementCount = depth * width
        precondition(
            matrix >= 0 && (matrix + 1) * matrixElementCount <= weights.elementCount,
            "matrix \(matrix) of \(weights.shape)"
        )
        guard let panels else { return computePlainly(src, rowCount, weights, matrix, dst, row, adds) }
        panels.run(src, rowCount: rowCount, weights: weights, matrix: matrix, into: dst, row: row, adds: adds)
    }

    private func computePlainly(
        _ src: Tensor,
        _ rowCount: Int,
        _ weights: Tensor,
        _ matrix: Int,
        _ dst: Tensor,
        _ row: Int,
        _ adds: Bool
    ) {
        let (left, right) = (src.span(of: Float.self), weights.span(of: Float.self))
        var sums = dst.mutableSpan(of: Float.self)
        for index in 0..<rowCount {
            let start = (row + index) * width
            if !adds { for column in 0..<width { sums[start + column] = 0 } }
            for term in 0..<depth {
                let factor = left[index * depth + term]
                let line = (matrix * depth + term) * width
                for column in 0..<width { sums[start + column] += factor * right[line + column] }
            }
        }
    }
}
