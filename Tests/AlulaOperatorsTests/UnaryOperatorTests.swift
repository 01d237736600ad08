// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Foundation
internal import Testing

/// An elementwise operator beside its formula.
struct UnaryCase: Sendable, CustomTestStringConvertible {
    var operation: any ElementwiseOperator
    var formula: @Sendable (Double) -> Double

    init(_ operation: any ElementwiseOperator, _ formula: @escaping @Sendable (Double) -> Double) {
        self.operation = operation
        self.formula = formula
    }

    var testDescription: String { operation.name }
}

private func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }
private func normalDistribution(_ x: Double) -> Double { erfc(-x / 2.0.squareRoot()) / 2 }

private let cases: [UnaryCase] = [
    UnaryCase(Relu()) { $0.isNaN ? $0 : max($0, 0) },
    UnaryCase(LeakyRelu(alpha: 0.25)) { $0 < 0 ? 0.25 * $0 : $0 },
    UnaryCase(Sigmoid()) { 1 / (1 + exp(-$0)) },
    UnaryCase(Tanh()) { tanh($0) },
    UnaryCase(Clip(minimum: -1, maximum: 2)) { $0.isNaN ? $0 : max(-1, min(2, $0)) },
    UnaryCase(Clip(minimum: 0.5)) { $0.isNaN ? $0 : max(0.5, $0) },
    UnaryCase(Clip(minimum: 3, maximum: 2)) { $0.isNaN ? $0 : 2 },
    UnaryCase(Elu(alpha: 0.5)) { $0 < 0 ? 0.5 * expm1($0) : $0 },
    UnaryCase(HardSigmoid(alpha: 0.5, beta: 0.25)) { $0.isNaN ? $0 : max(0, min(1, 0.5 * $0 + 0.25)) },
    UnaryCase(HardSwish()) { $0 * ($0.isNaN ? $0 : max(0, min(1, $0 / 6 + 0.5))) },
    UnaryCase(Softplus()) { softplus($0) },
    UnaryCase(Gelu()) { $0 * normalDistribution($0) },
    UnaryCase(Gelu(usesTanh: true)) { x in
        x / (1 + exp(-2 * (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    },
    UnaryCase(Selu(alpha: 2, gamma: 1.5)) { 1.5 * ($0 > 0 ? $0 : 2 * expm1($0)) },
    UnaryCase(Celu(alpha: 2)) { $0.isNaN ? $0 : max(0, $0) + min(0, 2 * expm1($0 / 2)) },
    UnaryCase(ThresholdedRelu(alpha: 1.5)) { $0 > 1.5 ? $0 : 0 },
    UnaryCase(Softsign()) { $0 / (1 + abs($0)) },
    UnaryCase(Shrink(threshold: 1.5, bias: 0.25)) { $0.isNaN ? $0 : $0 < -1.5 ? $0 + 0.25 : $0 > 1.5 ? $0 - 0.25 : 0 },
    UnaryCase(Mish()) { $0 * tanh(softplus($0)) },
    UnaryCase(Swish(alpha: 1.5)) { $0 / (1 + exp(-1.5 * $0)) },
    UnaryCase(Erf()) { erf($0) },
    UnaryCase(Exp()) { exp($0) },
    UnaryCase(Log()) { log($0) },
    UnaryCase(Sqrt()) { $0.squareRoot() },
    UnaryCase(Reciprocal()) { 1 / $0 },
    UnaryCase(Abs()) { abs($0) },
    UnaryCase(Neg()) { -$0 },
    UnaryCase(Sign()) { $0.isNaN ? $0 : $0 > 0 ? 1 : $0 < 0 ? -1 : 0 },
    UnaryCase(Floor()) { floor($0) },
    UnaryCase(Ceil()) { ceil($0) },
    UnaryCase(Round()) { rint($0) },
    UnaryCase(Sin()) { sin($0) },
    UnaryCase(Cos()) { cos($0) },
    UnaryCase(Tan()) { tan($0) },
    UnaryCase(Asin()) { asin($0) },
    UnaryCase(Acos()) { acos($0) },
    UnaryCase(Atan()) { atan($0) },
    UnaryCase(Sinh()) { sinh($0) },
    UnaryCase(Cosh()) { cosh($0) },
    UnaryCase(Asinh()) { asinh($0) },
    UnaryCase(Acosh()) { acosh($0) },
    UnaryCase(Atanh()) { atanh($0) },
]

/// Numbers with special roles, and random ones.
private let samples: [Double] = {
    var random = ProblemGenerator(seed: 11)
    let special: [Double] = [0, -0.0, 0.5, -0.5, 1, -1, 1.5, 2.5, -2.5, 3, -3, 100, -100, 1e4, -1e4]
    return special + [.infinity, -.infinity, .nan] + (0..<200).map { _ in Double.random(in: -6...6, using: &random) }
}()

@Suite struct UnaryOperatorTests {
    /// Compares with the formula, allowing `units` units in the last place.
    private func check<T: FloatElement>(_ test: UnaryCase, as _: T.Type, units: T) throws {
        let src = samples.map { T($0) }
        let dst = try evaluateFirst(test.operation, Tensor(src, shape: [src.count])).elements(as: T.self)
        for (x, got) in zip(src, dst) {
            let expected = T(test.formula(Double(x)))
            let isClose = got == expected || got.isNaN && expected.isNaN
            #expect(isClose || abs(got - expected) <= units * expected.ulp, "\(test.operation.name)(\(x)) = \(got)")
        }
    }

    @Test(arguments: cases)
    func float32MatchesTheFormula(test: UnaryCase) throws { try check(test, as: Float.self, units: 1) }

    @Test(arguments: cases)
    func float16MatchesTheFormula(test: UnaryCase) throws { try check(test, as: Float16.self, units: 1) }

    @Test(arguments: cases)
    func float64MatchesTheFormula(test: UnaryCase) throws {
        // Formulas that subtract lose a few digits in float64; the loss is the formula's, not the operator's.
        try check(test, as: Double.self, units: 64)
    }

    @Test(arguments: cases)
    func elementwiseFunctionIsWhatEvaluateComputes(test: UnaryCase) throws {
        let src = samples.map { Float($0) }
        let dst = try evaluateFirst(test.operation, Tensor(src, shape: [src.count])).elements(as: Float.self)
        for (x, got) in zip(src, dst) {
            let applied = test.operation.apply(x)
            #expect(got.bitPattern == applied.bitPattern || got.isNaN && applied.isNaN, "\(x)")
        }
    }

    @Test(arguments: cases)
    func scalarsAndEmptyTensorsKeepTheirShape(test: UnaryCase) throws {
        #expect(try evaluateFirst(test.operation, Tensor(scalar: Float(1))).shape == .scalar)
        #expect(try evaluateFirst(test.operation, Tensor([Float](), shape: [2, 0, 3])).shape == [2, 0, 3])
    }

    @Test(arguments: cases)
    func boolsAreRefusedByName(test: UnaryCase) throws {
        let error = #expect(throws: OperatorError.self) {
            try test.operation.inferOutputs([OperatorInput(Tensor(scalar: true))])
        }
        #expect(error?.description.contains(test.operation.name) == true)
    }

    @Test func integersOfAbsNegAndSignWrap() throws {
        let src = Tensor([Int8.min, -3, 0, 5, .max], shape: [5])
        #expect(try evaluateFirst(Abs(), src).elements(as: Int8.self) == [.min, 3, 0, 5, .max])
        #expect(try evaluateFirst(Neg(), src).elements(as: Int8.self) == [.min, 3, 0, -5, -.max])
        #expect(try evaluateFirst(Sign(), src).elements(as: Int8.self) == [-1, -1, 0, 1, 1])
        let unsigned = Tensor([0, 200] as [UInt8], shape: [2])
        #expect(try evaluateFirst(Abs(), unsigned).elements(as: UInt8.self) == [0, 200])
        #expect(try evaluateFirst(Sign(), unsigned).elements(as: UInt8.self) == [0, 1])
    }

    @Test func negativeZerosSurvive() throws {
        let zero = Tensor(scalar: -Float.zero)
        for operation in [Tanh(), Sin(), Tan(), Asin(), Atan(), Sinh(), Asinh(), Erf(), Sqrt(), Round()]
            as [any Operator]
        {
            #expect(try evaluateFirst(operation, zero).elements(as: Float.self)[0].sign == .minus, "\(operation.name)")
        }
    }

    @Test func infinityAndNaNAreRecognised() throws {
        let src = Tensor([1, .infinity, -.infinity, .nan] as [Float], shape: [4])
        #expect(try evaluateFirst(IsNaN(), src).elements(as: Bool.self) == [false, false, false, true])
        #expect(try evaluateFirst(IsInf(), src).elements(as: Bool.self) == [false, true, true, false])
        let negative = IsInf(detectsPositive: false)
        #expect(try evaluateFirst(negative, src).elements(as: Bool.self) == [false, false, true, false])
        let positive = IsInf(detectsNegative: false)
        #expect(try evaluateFirst(positive, src).elements(as: Bool.self) == [false, true, false, false])
    }
}
