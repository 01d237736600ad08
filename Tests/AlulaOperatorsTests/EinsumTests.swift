// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Testing

@Suite struct EinsumTests {
    private var random = ProblemGenerator(seed: 4)

    @Test func productsOfMatricesAreSums() throws {
        var random = random
        let (left, right) = (random.floats([2, 3, 4]), random.floats([2, 4, 5]))
        let product = try evaluateFirst(MatMul(), left, right)
        for equation in ["bij,bjk->bik", "...ij, ...jk -> ...ik", "Bij,Bjk->Bik"] {
            #expect(largestDifference(try evaluateFirst(Einsum(equation: equation), left, right), product) < 1e-6)
        }
    }

    @Test func repeatedLabelsWalkTheDiagonal() throws {
        let src = Tensor((0..<9).map { Float($0) }, shape: [3, 3])
        #expect(try evaluateFirst(Einsum(equation: "ii->i"), src).elements(as: Float.self) == [0, 4, 8])
        #expect(try evaluateFirst(Einsum(equation: "ii"), src).elements(as: Float.self) == [12])
    }

    @Test func withoutAnArrowTheResultIsAlphabetical() throws {
        var random = random
        let src = random.floats([2, 3])
        let expected = try evaluateFirst(Transpose(), src)
        #expect(largestDifference(try evaluateFirst(Einsum(equation: "ba"), src), expected) == 0)
        let batched = try evaluateFirst(Einsum(equation: "z...a"), random.floats([2, 3, 4]))
        #expect(batched.shape == [3, 4, 2])
    }

    @Test func anyNumberOfOperandsIsMultiplied() throws {
        var random = random
        let (a, b, c) = (random.floats([2, 3]), random.floats([3, 4]), random.floats([4, 2]))
        let chain = try evaluateFirst(Einsum(equation: "ij,jk,kl->il"), a, b, c)
        let expected = try evaluateFirst(MatMul(), try evaluateFirst(MatMul(), a, b), c)
        #expect(largestDifference(chain, expected) < 1e-6)
        let outer = try evaluateFirst(
            Einsum(equation: "i,j->ij"),
            Tensor([1, 2] as [Float], shape: [2]),
            a.outerRow(0)
        )
        #expect(outer.shape == [2, 3])
    }

    @Test func ellipsesBroadcast() throws {
        var random = random
        let (left, right) = (random.floats([5, 1, 2, 3]), random.floats([4, 3]))
        let dst = try evaluateFirst(Einsum(equation: "...ij,...j->...i"), left, right)
        #expect(dst.shape == [5, 4, 2])
        let expected = makeTensor(dst.shape) { index in
            (0..<3).reduce(0) { sum, j in
                sum + left.at([index[0], 0, index[2], j]) * right.at([index[1], j])
            }
        }
        #expect(largestDifference(dst, expected) < 1e-6)
    }

    @Test func integersWrapAndSumsOfNothingAreZero() throws {
        let wide = Tensor([Int32.max, 1], shape: [2])
        #expect(try evaluateFirst(Einsum(equation: "i->"), wide).elements(as: Int32.self) == [Int32.min])
        let empty = Tensor(zeros: .float32, shape: [0, 2])
        #expect(try evaluateFirst(Einsum(equation: "ij->j"), empty).elements(as: Float.self) == [0, 0])
    }

    @Test func malformedEquationsAreNamed() {
        let src = OperatorInput(TensorType(.float32, [2, 3]))
        for equation in ["", "ijk", "i", "ij->ijk", "ij->ii", "i1->i", "ij,jk->ik", "..i", "......", "ij->i->j", "ii"] {
            #expect(throws: OperatorError.self, "'\(equation)'") {
                try Einsum(equation: equation).inferOutputs([src])
            }
        }
    }

    @Test func operationsAreMultiplyAdds() throws {
        let types = [TensorType(.float32, [2, 3]), TensorType(.float32, [3, 4])]
        #expect(Einsum(equation: "ij,jk->ik").floatingPointOperations(inputs: types, outputs: []) == 2 * 2 * 3 * 4)
        #expect(Einsum(equation: "ij->ji").floatingPointOperations(inputs: [types[0]], outputs: []) == 0)
    }
}
