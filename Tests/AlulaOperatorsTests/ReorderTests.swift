// SPDX-License-Identifier: Apache-2.0

import AlulaOperators
import AlulaTensor
import Testing

@Suite struct ReorderTests {
    @Test(arguments: [[2, 5, 3], [1, 8, 2, 2], [2, 3, 1, 4], [1, 1, 1, 1]])
    func blocksAndBackIsTheIdentity(extents: [Int]) throws {
        let shape = Shape(extents)
        let layout = TensorLayout.blocked(lanes: 4)
        let src = Tensor((0..<shape.elementCount).map(Float.init), shape: shape)
        let blocked = Tensor(zeros: .float32, shape: layout.storedShape(shape))
        try Reorder(from: .planar, to: layout).evaluate([src], into: [blocked])
        let back = Tensor(zeros: .float32, shape: shape)
        try Reorder(from: layout, to: .planar).evaluate([blocked], into: [back])
        #expect(back.elements(as: Float.self) == src.elements(as: Float.self))
    }

    @Test func channelsOfAPositionLieSideBySide() throws {
        let src = Tensor([Float](arrayLiteral: 1, 2, 3, 4, 5, 6), shape: [1, 3, 2])
        let dst = Tensor([Float](repeating: -1, count: 8), shape: [1, 2, 2, 2])
        try Reorder(from: .planar, to: .blocked(lanes: 2)).evaluate([src], into: [dst])
        #expect(dst.elements(as: Float.self) == [1, 3, 2, 4, 5, 0, 6, 0])
    }
}
