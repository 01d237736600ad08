// SPDX-License-Identifier: Apache-2.0

import AlulaTensor
import Testing

@testable import AlulaKernels

@Suite struct PackedConstantsTests {
    @Test func packsOnceForEachPackingOfAConstant() {
        let packed = PackedConstants()
        let constant = Tensor([Float](repeating: 3, count: 7), shape: [7])
        var packCount = 0
        for packing in ["a", "b", "a"] {
            let result = packed.tensor(constant, as: packing) {
                packCount += 1
                return $0
            }
            #expect(result.byteArray == constant.byteArray)
        }
        #expect(packCount == 2)
        #expect(packed.byteCount == 2 * 7 * 4)
    }

    @Test func keepsEveryTensorWholeWhenChunksFillUp() {
        var arena = ConstantArena()
        let counts = [1, 0, 63, 64, 65, 200_000, 524_288, 600_001, 3]
        let tensors = counts.enumerated().map { index, count in
            Tensor((0..<count).map { Float(index * 1_000_000 + $0) }, shape: [count])
        }
        let copies = tensors.map { arena.copy($0) }
        for (tensor, copy) in zip(tensors, copies) {
            #expect(copy.shape == tensor.shape)
            #expect(copy.address % 256 == 0)
            #expect(copy.address != tensor.address)
            #expect(copy.byteArray == tensor.byteArray)
        }
    }
}
