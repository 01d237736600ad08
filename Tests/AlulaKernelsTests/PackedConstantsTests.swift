// SPDX-License-Identifier: Apache-2.0

import AlulaTensor
import AlulaTesting
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
        let written = packed.tensor(constant, as: 1, shape: [3]) { source, place in
            var elements = place.mutableSpan(of: Float.self)
            for index in 0..<3 { elements[index] = source.span(of: Float.self)[index] + 1 }
        }
        #expect(written.elements(as: Float.self) == [4, 4, 4])
        #expect(packed.byteCount == (2 * 7 + 3) * 4)
    }

    @Test func keepsEveryTensorWholeWhenChunksFillUp() {
        var arena = ConstantArena()
        let counts = [1, 0, 63, 64, 65, 200_000, 524_288, 600_001, 3]
        let tensors = counts.enumerated().map { index, count in
            Tensor((0..<count).map { Float(index * 1_000_000 + $0) }, shape: [count])
        }
        let copies = tensors.map { tensor in
            let copy = arena.tensor(tensor.dataType, tensor.shape)
            copy.copyBytes(from: tensor.bytes)
            return copy
        }
        for (tensor, copy) in zip(tensors, copies) {
            #expect(copy.shape == tensor.shape)
            #expect(copy.address % 256 == 0)
            #expect(copy.address != tensor.address)
            #expect(copy.byteArray == tensor.byteArray)
        }
    }
}
