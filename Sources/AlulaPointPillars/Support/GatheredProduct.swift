// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// Rows that are gathered, multiplied with one small matrix and added to scattered rows: what a tap of a sparse convolution
/// comes down to.
struct GatheredProduct {
    private let product: RowProduct
    /// Rows taken at a time.
    private let capacity: Int
    /// `[capacity, depth]`.
    private let gathered: Tensor
    /// `[capacity, width]`.
    private let sums: Tensor

    init(depth: Int, width: Int, capacity: Int) {
        product = RowProduct(depth: depth, width: width)
        self.capacity = capacity
        gathered = Tensor(uninitialized: .float32, shape: [capacity, depth])
        sums = Tensor(uninitialized: .float32, shape: [capacity, width])
    }

    /// `dst[targets[r], :] += src[sources[r], :] · weights[matrix]` for the first `count` entries; no target occurs twice.
    func add(
        _ src: Span<Float>,
        _ sources: Span<Int32>,
        count: Int,
        weights: Tensor,
        matrix: Int,
        to dst: inout MutableSpan<Float>,
        _ targets: Span<Int32>
    ) {
        let (depth, width) = (product.depth, product.width)
        precondition(count <= capacity, "\(count) rows, room for \(capacity)")
        var rows = gathered.mutableSpan(of: Float.self)
        for row in 0..<count {
            let line = src.extracting(Int(sources[row]) * depth..<(Int(sources[row]) + 1) * depth)
            var target = rows._mutatingExtracting(row * depth..<(row + 1) * depth)
            for index in 0..<depth { target[index] = line[index] }
        }
        product(gathered, rowCount: count, weights: weights, matrix: matrix, into: sums)
        let values = sums.span(of: Float.self)
        for row in 0..<count {
            let line = values.extracting(row * width..<(row + 1) * width)
            let start = Int(targets[row]) * width
            var target = dst._mutatingExtracting(start..<start + width)
            for index in 0..<width { target[index] += line[index] }
        }
    }
}
