// SPDX-License-Identifier: Apache-2.0

import AlulaRuntime
import AlulaTensor
import AlulaTesting
import Testing

@Suite struct RowProductTests {
    private func random(_ shape: Shape, seed: UInt64) -> Tensor {
        var random = SeededRandom(seed: seed)
        return Tensor((0..<shape.elementCount).map { _ in Float.random(in: -1...1, using: &random) }, shape: shape)
    }

    @Test(arguments: [1, 3, 4, 9, 64], [1, 7, 8, 15, 16, 17, 63, 64, 65, 130])
    func rowsAreSumsOfProducts(depth: Int, width: Int) {
        let product = RowProduct(depth: depth, width: width)
        let weights = random([3, depth, width], seed: 1)
        let w = weights.elements(as: Float.self)
        for rowCount in [0, 1, 5, 6, 7, 12, 13] {
            let src = random([rowCount + 1, depth], seed: UInt64(rowCount))
            for (matrix, adds, row) in [(0, false, 0), (2, true, 2)] {
                let dst = random([rowCount + 3, width], seed: 9)
                let before = dst.elements(as: Float.self)
                product(src, rowCount: rowCount, weights: weights, matrix: matrix, into: dst, row: row, adds: adds)
                let (s, after) = (src.elements(as: Float.self), dst.elements(as: Float.self))
                for index in 0..<(rowCount + 3) {
                    for column in 0..<width {
                        let start = before[index * width + column]
                        let got = after[index * width + column]
                        guard index >= row, index < row + rowCount else {
                            #expect(got == start, "row \(index) is none of the product's")
                            continue
                        }
                        var sum = adds ? start : 0
                        for term in 0..<depth {
                            sum += s[(index - row) * depth + term] * w[(matrix * depth + term) * width + column]
                        }
                        #expect(abs(got - sum) <= 1e-5 * Float(depth), "row \(index), column \(column)")
                    }
                }
            }
        }
    }
}
