// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Testing

@Suite struct MatMulTests {
    static let shapes: [(src: Shape, weights: Shape, dst: Shape)] = [
        ([3, 4], [4, 5], [3, 5]), ([4], [4, 5], [5]), ([3, 4], [4], [3]), ([4], [4], []), ([1, 1], [1, 1], [1, 1]),
        ([2, 3, 4], [4, 5], [2, 3, 5]), ([3, 4], [2, 4, 5], [2, 3, 5]), ([2, 1, 3, 4], [5, 4, 2], [2, 5, 3, 2]),
        ([4], [2, 4, 5], [2, 5]), ([2, 3, 4], [4], [2, 3]), ([7, 0], [0, 2], [7, 2]), ([0, 3], [3, 2], [0, 2]),
    ]

    @Test(arguments: shapes.indices)
    func everyRankFollowsNumPy(index: Int) throws {
        let (src, weights, dst) = Self.shapes[index]
        var random = ProblemGenerator(seed: UInt64(index))
        let (left, right) = (random.floats(src), random.floats(weights))
        let product = try evaluateFirst(MatMul(), left, right)
        #expect(product.shape == dst)
        // The definition on operands promoted to equal rank, indexing from the back.
        let promoted = left.reshaped(to: src.rank == 1 ? [1, src[0]] : src)
        let column = right.reshaped(to: weights.rank == 1 ? [weights[0], 1] : weights)
        let expected = makeTensor(dst) { index in
            var full = index
            if weights.rank == 1 { full.append(0) }
            if src.rank == 1 { full.insert(0, at: full.count - 1) }
            func element(_ tensor: Tensor, _ row: Int, _ column: Int) -> Double {
                let batch = full.dropLast(2).suffix(tensor.shape.rank - 2)
                let extents = tensor.shape.extents.prefix(tensor.shape.rank - 2)
                return tensor.at(zip(batch, extents).map { $1 == 1 ? 0 : $0 } + [row, column])
            }
            return (0..<src[src.rank - 1]).reduce(0) { sum, k in
                sum + element(promoted, full[full.count - 2], k) * element(column, k, full[full.count - 1])
            }
        }
        #expect(largestDifference(product, expected) < 1e-5)
    }

    @Test func integersWrap() throws {
        let left = Tensor([Int32.max, 2], shape: [1, 2])
        let right = Tensor([2, 3] as [Int32], shape: [2, 1])
        #expect(try evaluateFirst(MatMul(), left, right).elements(as: Int32.self) == [4])
        let wide = Tensor([UInt64.max], shape: [1])
        #expect(try evaluateFirst(MatMul(), wide, wide).elements(as: UInt64.self) == [1])
    }

    @Test func unfitOperandsAreNamed() {
        for (left, right) in [([3, 4], [3, 4]), ([], [1]), ([2, 3, 4], [3, 4, 5])] as [(Shape, Shape)] {
            let inputs = [left, right].map { OperatorInput(TensorType(.float32, $0)) }
            #expect(throws: OperatorError.self) { try MatMul().inferOutputs(inputs) }
        }
        let mixed = [OperatorInput(TensorType(.float32, [1, 1])), OperatorInput(TensorType(.int32, [1, 1]))]
        #expect(throws: OperatorError.self) { try MatMul().inferOutputs(mixed) }
    }
}

@Suite struct GemmTests {
    @Test(arguments: [false, true], [false, true])
    func transposesScalesAndAddsTheBias(isSrcTransposed: Bool, isWeightsTransposed: Bool) throws {
        var random = ProblemGenerator(seed: 7)
        let (m, n, k) = (3, 4, 5)
        let src = random.floats(isSrcTransposed ? [k, m] : [m, k])
        let weights = random.floats(isWeightsTransposed ? [n, k] : [k, n])
        let gemm = Gemm(
            alpha: 0.5,
            beta: 2,
            isSrcTransposed: isSrcTransposed,
            isWeightsTransposed: isWeightsTransposed
        )
        for biasShape in [[m, n], [n], [m, 1], [1, n], [1], []] as [Shape] {
            let bias = random.floats(biasShape)
            let full = (0..<2).map { $0 < 2 - biasShape.rank ? 1 : biasShape[$0 - (2 - biasShape.rank)] }
            let matrix = bias.reshaped(to: Shape(full))
            let expected = makeTensor([m, n]) { index in
                let sum = (0..<k).reduce(0.0) { sum, p in
                    sum + src.at(isSrcTransposed ? [p, index[0]] : [index[0], p])
                        * weights.at(isWeightsTransposed ? [index[1], p] : [p, index[1]])
                }
                return 0.5 * sum + 2 * matrix.at([full[0] == 1 ? 0 : index[0], full[1] == 1 ? 0 : index[1]])
            }
            #expect(largestDifference(try evaluateFirst(gemm, src, weights, bias), expected) < 1e-6)
        }
        #expect(try Gemm(attributes: gemm.attributes).attributes == gemm.attributes)
    }

    @Test func biasMustBroadcastToTheProduct() {
        let inputs = [[3, 4], [4, 5], [3, 3]].map { OperatorInput(TensorType(.float32, Shape($0))) }
        #expect(throws: OperatorError.self) { try Gemm().inferOutputs(inputs) }
        #expect(throws: OperatorError.self) { try Gemm(isSrcTransposed: true).inferOutputs(Array(inputs.prefix(2))) }
    }
}
