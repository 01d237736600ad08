// SPDX-License-Identifier: Apache-2.0

/// Pixels or columns in a panel entry: eight, two SSE or NEON registers.
typealias Lane8 = SIMD8<Float>

/// The register tile of all matrix-like kernels: four rows by eight columns.
enum MicroKernel {
    /// Rows of a tile.
    static let rowCount = 4
    /// Columns of a tile.
    static let columnCount = 8

    /// `sumᵢ[j] = startᵢ + Σₖ rowᵢ[k] · panel[k][j]` for four rows.
    ///
    /// All rows have as many elements as the panel.
    @inline(__always)
    static func multiply(
        _ row0: Span<Float>,
        _ row1: Span<Float>,
        _ row2: Span<Float>,
        _ row3: Span<Float>,
        panel: Span<Lane8>,
        start: SIMD4<Float>
    ) -> (Lane8, Lane8, Lane8, Lane8) {
        let depth = panel.count
        precondition(row0.count == depth && row1.count == depth && row2.count == depth && row3.count == depth)
        var sum0 = Lane8(repeating: start[0])
        var sum1 = Lane8(repeating: start[1])
        var sum2 = Lane8(repeating: start[2])
        var sum3 = Lane8(repeating: start[3])
        for k in 0..<depth {
            let column = panel[k]
            sum0 = sum0 + column * row0[k]
            sum1 = sum1 + column * row1[k]
            sum2 = sum2 + column * row2[k]
            sum3 = sum3 + column * row3[k]
        }
        return (sum0, sum1, sum2, sum3)
    }
}

extension MutableSpan<Float> {
    /// Writes the first `count` lanes of `lanes` from element `index` on.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func store(_ lanes: Lane8, at index: Int, count: Int) {
        if count == 8 {
            var target = _mutatingExtracting(index..<(index + 8))
            for lane in 0..<8 { target[lane] = lanes[lane] }
        } else {
            for lane in 0..<count { self[index + lane] = lanes[lane] }
        }
    }
}
