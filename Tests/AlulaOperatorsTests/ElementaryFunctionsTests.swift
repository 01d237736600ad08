// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Foundation
internal import Testing

/// A function of ours beside the platform's, on the arguments where they are compared.
struct FunctionPair: Sendable, CustomTestStringConvertible {
    var name: String
    var ours: @Sendable (Double) -> Double
    var platform: @Sendable (Double) -> Double
    var range: ClosedRange<Double>

    var testDescription: String { name }
}

private let functions: [FunctionPair] = [
    FunctionPair(name: "exp", ours: ElementaryFunctions.exp, platform: { exp($0) }, range: -708...709),
    FunctionPair(name: "expm1", ours: ElementaryFunctions.expm1, platform: { expm1($0) }, range: -40...700),
    FunctionPair(name: "log", ours: ElementaryFunctions.log, platform: { log($0) }, range: 1e-300...1e300),
    FunctionPair(name: "log1p", ours: ElementaryFunctions.log1p, platform: { log1p($0) }, range: -0.999...1e4),
    FunctionPair(name: "tanh", ours: ElementaryFunctions.tanh, platform: { tanh($0) }, range: -25...25),
    FunctionPair(name: "sinh", ours: ElementaryFunctions.sinh, platform: { sinh($0) }, range: -710...710),
    FunctionPair(name: "cosh", ours: ElementaryFunctions.cosh, platform: { cosh($0) }, range: -710...710),
    FunctionPair(name: "asinh", ours: ElementaryFunctions.asinh, platform: { asinh($0) }, range: -1e9...1e9),
    FunctionPair(name: "acosh", ours: ElementaryFunctions.acosh, platform: { acosh($0) }, range: 1...1e9),
    FunctionPair(name: "atanh", ours: ElementaryFunctions.atanh, platform: { atanh($0) }, range: -1...1),
    FunctionPair(name: "sin", ours: ElementaryFunctions.sin, platform: { sin($0) }, range: -1e6...1e6),
    FunctionPair(name: "cos", ours: ElementaryFunctions.cos, platform: { cos($0) }, range: -1e6...1e6),
    FunctionPair(name: "tan", ours: ElementaryFunctions.tan, platform: { tan($0) }, range: -1e6...1e6),
    FunctionPair(name: "asin", ours: ElementaryFunctions.asin, platform: { asin($0) }, range: -1...1),
    FunctionPair(name: "acos", ours: ElementaryFunctions.acos, platform: { acos($0) }, range: -1...1),
    FunctionPair(name: "atan", ours: ElementaryFunctions.atan, platform: { atan($0) }, range: -1e3...1e3),
    FunctionPair(name: "erf", ours: ElementaryFunctions.erf, platform: { erf($0) }, range: -7...7),
    FunctionPair(name: "erfc", ours: ElementaryFunctions.erfc, platform: { erfc($0) }, range: -7...26),
]

@Suite struct ElementaryFunctionsTests {
    /// Evenly spread, clustered at zero on a logarithmic scale, and the ends of the range.
    private func arguments(_ range: ClosedRange<Double>, seed: UInt64) -> [Double] {
        var random = ProblemGenerator(seed: seed)
        var values = [range.lowerBound, range.upperBound]
        for _ in 0..<1_500 {
            values.append(Double.random(in: range, using: &random))
            let magnitude = exp2(Double.random(in: -40...20, using: &random))
            values += [magnitude, -magnitude, 1 + magnitude, 1 - magnitude].filter(range.contains)
        }
        return values
    }

    @Test(arguments: functions)
    func float32ResultsAreWithinOneUnitInTheLastPlace(of function: FunctionPair) {
        for x in arguments(function.range, seed: 1) {
            let x = Double(Float(x))
            let expected = Float(function.platform(x))
            let got = Float(function.ours(x))
            let isClose = got == expected || abs(got - expected) <= expected.ulp || got.isNaN && expected.isNaN
            #expect(isClose, "\(function.name)(\(x)): got \(got), expected \(expected)")
        }
    }

    @Test(arguments: functions)
    func float64ResultsAreWithinAFewUnitsInTheLastPlace(of function: FunctionPair) {
        for x in arguments(function.range, seed: 2) {
            let expected = function.platform(x)
            let got = function.ours(x)
            // Where erfc is small, x² in its exponent is rounded: up to 26²/2 units more.
            let units = function.name == "erfc" && x > 2 ? x * x : 8
            #expect(got == expected || abs(got - expected) <= units * expected.ulp, "\(function.name)(\(x)): \(got)")
        }
    }

    @Test(arguments: ["sin", "cos", "tan"])
    func hugeArgumentsAreReducedExactly(name: String) throws {
        let function = try #require(functions.first { $0.name == name })
        var random = ProblemGenerator(seed: 3)
        for _ in 0..<2_000 {
            let x = exp2(Double.random(in: 15...1_023, using: &random)) * (Bool.random(using: &random) ? 1 : -1)
            let expected = function.platform(x)
            #expect(abs(function.ours(x) - expected) <= 8 * expected.ulp, "\(name)(\(x))")
        }
    }

    @Test(arguments: functions)
    func infinitiesZerosAndNaNAgreeWithThePlatform(function: FunctionPair) {
        let tiny = Double.leastNonzeroMagnitude
        for x in [0, -0.0, .infinity, -.infinity, .nan, 1, -1, 800, -800, tiny, -tiny, 0x1p-1030] as [Double] {
            let expected = function.platform(x)
            let got = function.ours(x)
            let isSame = got == expected && got.sign == expected.sign || got.isNaN && expected.isNaN
            #expect(isSame || abs(got - expected) <= 8 * expected.ulp, "\(function.name)(\(x)): \(got)")
        }
    }

    @Test func powersOfRandomNumbersAreAccurate() {
        var random = ProblemGenerator(seed: 4)
        for _ in 0..<5_000 {
            let x = exp2(Double.random(in: -30...30, using: &random))
            let y = Double.random(in: -20...20, using: &random)
            let expected = Foundation.pow(x, y)
            #expect(abs(ElementaryFunctions.pow(x, y) - expected) <= 2e-13 * expected, "\(x)^\(y)")
            let whole = y.rounded()
            #expect(abs(ElementaryFunctions.pow(-x, whole) / Foundation.pow(-x, whole) - 1) <= 2e-13, "-\(x)^\(whole)")
        }
    }

    @Test func powersOfSpecialNumbersFollowIEEE754() {
        let values: [Double] = [0, -0.0, 1, -1, 0.5, -0.5, 2, -2, 3, -3, 1e300, -1e300, .infinity, -.infinity, .nan]
        for x in values {
            for y in values {
                let expected = Foundation.pow(x, y)
                let got = ElementaryFunctions.pow(x, y)
                let isClose = got == expected && (got.sign == expected.sign) || got.isNaN && expected.isNaN
                #expect(isClose || abs(got - expected) <= 2e-13 * abs(expected), "\(x)^\(y): \(got) for \(expected)")
            }
        }
    }
}
