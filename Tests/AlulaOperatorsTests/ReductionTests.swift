// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Foundation
internal import Testing

/// A reduction beside the formula on the elements it folds.
struct ReductionCase: Sendable, CustomTestStringConvertible {
    var type: any ReductionOperator.Type
    var formula: @Sendable ([Double]) -> Double

    init(_ type: any ReductionOperator.Type, _ formula: @escaping @Sendable ([Double]) -> Double) {
        self.type = type
        self.formula = formula
    }

    var testDescription: String { type.name }
}

private let cases: [ReductionCase] = [
    ReductionCase(ReduceSum.self) { $0.reduce(0, +) },
    ReductionCase(ReduceMean.self) { $0.reduce(0, +) / Double($0.count) },
    ReductionCase(ReduceMax.self) { $0.max() ?? -.infinity },
    ReductionCase(ReduceMin.self) { $0.min() ?? .infinity },
    ReductionCase(ReduceProd.self) { $0.reduce(1, *) },
    ReductionCase(ReduceL1.self) { $0.map(abs).reduce(0, +) },
    ReductionCase(ReduceL2.self) { $0.map { $0 * $0 }.reduce(0, +).squareRoot() },
    ReductionCase(ReduceSumSquare.self) { $0.map { $0 * $0 }.reduce(0, +) },
    ReductionCase(ReduceLogSum.self) { log($0.reduce(0, +)) },
    ReductionCase(ReduceLogSumExp.self) { log($0.map { exp($0) }.reduce(0, +)) },
]

/// The elements of `src` that fall on each kept index, in row-major order of the kept indices.
private func groups(_ src: Tensor, reducing axes: [Int]) -> [[Double]] {
    let kept = src.shape.indices.map { axes.contains($0) ? 1 : src.shape[$0] }
    var groups = [[Double]](repeating: [], count: Shape(kept).elementCount)
    let strides = Shape(kept).contiguousStrides
    for (index, element) in zip(indices(src.shape.extents), src.doubles()) {
        let position = index.indices.map { axes.contains($0) ? 0 : index[$0] * strides[$0] }.reduce(0, +)
        groups[position].append(element)
    }
    return groups
}

@Suite struct ReductionTests {
    @Test(arguments: cases, 0..<12)
    func randomReductionsMatchTheFormula(test: ReductionCase, seed: Int) throws {
        var random = ProblemGenerator(seed: UInt64(seed))
        let rank = random.integer(in: 1...4)
        let shape = Shape((0..<rank).map { _ in random.integer(in: 1...4) })
        let src = Tensor((0..<shape.elementCount).map { _ in Float.random(in: 0.1...2, using: &random) }, shape: shape)
        let axes = (0..<rank).filter { _ in Bool.random(using: &random) }
        let keepsDimensions = Bool.random(using: &random)
        let written = axes.map { Int64(Bool.random(using: &random) ? $0 : $0 - rank) }
        let operation = test.type.init(keepsDimensions: keepsDimensions, ignoresEmptyAxes: true)
        let dst = try evaluateFirst(operation, src, Tensor(written, shape: [written.count]))
        let expectedShape = (0..<rank).compactMap { axes.contains($0) ? (keepsDimensions ? 1 : nil) : shape[$0] }
        #expect(dst.shape == Shape(expectedShape), "seed \(seed)")
        let expected = groups(src, reducing: axes).map(test.formula)
        for (got, expected) in zip(dst.doubles(), expected) {
            #expect(abs(got - expected) <= Double(Float(expected).ulp), "seed \(seed): \(got) for \(expected)")
        }
    }

    @Test(arguments: cases)
    func missingAxesMeanAll(test: ReductionCase) throws {
        let src = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
        let dst = try evaluateFirst(test.type.init(keepsDimensions: true, ignoresEmptyAxes: false), src)
        #expect(dst.shape == [1, 1])
        #expect(abs(dst.doubles()[0] - test.formula(src.doubles())) < 1e-4)
        let empty = Tensor([Int64](), shape: [0])
        let scalar = try evaluateFirst(test.type.init(keepsDimensions: false, ignoresEmptyAxes: false), src, empty)
        #expect(scalar.shape == .scalar && scalar.doubles() == dst.doubles())
    }

    @Test(arguments: cases)
    func emptySetsGiveTheNeutralElement(test: ReductionCase) throws {
        let src = Tensor([Float](), shape: [2, 0, 3])
        let axes = Tensor([1] as [Int64], shape: [1])
        let dst = try evaluateFirst(test.type.init(keepsDimensions: false, ignoresEmptyAxes: false), src, axes)
        #expect(dst.shape == [2, 3])
        let expected = test.formula([])
        #expect(dst.doubles().allSatisfy { $0 == expected || $0.isNaN && expected.isNaN }, "\(dst.doubles())")
    }

    @Test func extremesAndExponentialsSurviveInfinities() throws {
        let axes = Tensor([1] as [Int64], shape: [1])
        let src = Tensor([1000, 1000, -.infinity, -.infinity, .infinity, 1, .nan, 1] as [Float], shape: [4, 2])
        let sums = try evaluateFirst(ReduceLogSumExp(keepsDimensions: false), src, axes).elements(as: Float.self)
        #expect(sums[0] == Float(1000 + log(2.0)) && sums[1] == -.infinity && sums[2] == .infinity && sums[3].isNaN)
        let largest = try evaluateFirst(ReduceMax(keepsDimensions: false), src, axes).elements(as: Float.self)
        #expect(largest.dropLast() == [1000, -.infinity, .infinity] && largest[3].isNaN)
    }

    @Test func integersAreFoldedExactly() throws {
        let large = Tensor([Int64.max - 1, 1, 3, -5], shape: [4])
        #expect(try evaluateFirst(ReduceSum(keepsDimensions: false), large).elements(as: Int64.self) == [.max - 2])
        #expect(try evaluateFirst(ReduceMin(keepsDimensions: false), large).elements(as: Int64.self) == [-5])
        let small = Tensor([3, -4] as [Int32], shape: [2])
        #expect(try evaluateFirst(ReduceL2(keepsDimensions: false), small).elements(as: Int32.self) == [5])
        #expect(try evaluateFirst(ReduceMean(keepsDimensions: false), small).elements(as: Int32.self) == [0])
        let bools = Tensor([true, false], shape: [2])
        #expect(try evaluateFirst(ReduceMax(keepsDimensions: false), bools).elements(as: Bool.self) == [true])
        #expect(try evaluateFirst(ReduceMin(keepsDimensions: false), bools).elements(as: Bool.self) == [false])
    }

    @Test func axesBeyondTheRankAreNamed() throws {
        let src = Tensor(zeros: .float32, shape: [2, 3])
        let error = #expect(throws: OperatorError.self) {
            try evaluateFirst(ReduceSum(), src, Tensor([2] as [Int64], shape: [1]))
        }
        #expect(error?.description == "ReduceSum: input 1: got axis 2, expected -2..<2 for shape [2, 3]")
        #expect(throws: OperatorError.valueRequired(input: 1)) {
            try ReduceSum().inferOutputs([OperatorInput(src), OperatorInput(TensorType(.int64, [1]))])
        }
    }

    // MARK: - Positions

    @Test(arguments: [false, true], 0..<10)
    func positionsPointAtTheExtreme(selectsLast: Bool, seed: Int) throws {
        var random = ProblemGenerator(seed: UInt64(seed))
        let shape = Shape((0..<random.integer(in: 1...3)).map { _ in random.integer(in: 1...4) })
        let src = random.integers(shape, in: 0...2, as: Int8.self)
        let axis = random.integer(in: 0...shape.rank - 1)
        let lines = groups(src, reducing: [axis])
        for isMaximum in [false, true] {
            let operation: any Operator =
                isMaximum
                ? ArgMax(axis: axis - shape.rank, keepsDimensions: false, selectsLast: selectsLast)
                : ArgMin(axis: axis, keepsDimensions: false, selectsLast: selectsLast)
            let expected = lines.map { line -> Int in
                let extreme = isMaximum ? line.max() : line.min()
                return (selectsLast ? line.lastIndex { $0 == extreme } : line.firstIndex { $0 == extreme }) ?? -1
            }
            #expect(try evaluateFirst(operation, src).integers() == expected, "seed \(seed)")
        }
    }

    @Test func positionOfNaNWins() throws {
        let src = Tensor([1, .nan, 3, .nan] as [Float], shape: [4])
        #expect(try evaluateFirst(ArgMax(), src).integers() == [1])
        #expect(try evaluateFirst(ArgMin(selectsLast: true), src).integers() == [3])
        #expect(throws: OperatorError.self) { try evaluateFirst(ArgMax(), Tensor([Float](), shape: [0, 2])) }
    }
}
