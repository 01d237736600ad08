// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// The error function and GELU. Errors are measured by `VectorFunctionTests`.
extension VectorFunctionEmitter {
    /// `erf(x)/x` as a quotient of two polynomials in `x²` up to `|x| = 3.93`, from where on `erf` rounds to ±1: minimax
    /// fit, error 2e-8 relative.
    private static let numerator = [
        1.128_379_15, 0.190_784_06, 0.052_790_317_3, 0.003_779_619_17, 0.000_284_808_841, 2.041_969_28e-06,
    ]
    private static let denominator = [
        1, 0.502_410_69, 0.114_257_618, 0.014_997_457_4, 0.001_165_215_14, 3.800_407_17e-05,
    ]
    private static let limit = 3.93

    /// `value = erf(src)` within 7 ULP, never beyond ±1. Three temporaries.
    func erf(_ value: FloatVector) {
        clamp(value, Float(-Self.limit), Float(Self.limit))
        quotient(value, Self.numerator.map { Float($0) }, Self.denominator.map { Float($0) })
        clamp(value, -1, 1)
    }

    /// `value = ½·src·(1 + erf(src/√2))`, within 1e-6 of the larger of result and 1. Four temporaries.
    func gelu(_ value: FloatVector) {
        let bounded = jit.floats("half the error function")
        jit.copy(bounded, value)
        let scale = 0.5.squareRoot()
        clamp(bounded, Float(-Self.limit / scale), Float(Self.limit / scale))
        // ½·erf(x/√2), with the factors in the coefficients.
        var power = 1.0
        var (above, below): ([Float], [Float]) = ([], [])
        for (numerator, denominator) in zip(Self.numerator, Self.denominator) {
            above.append(Float(numerator * power * scale * 0.5))
            below.append(Float(denominator * power))
            power *= 0.5
        }
        quotient(bounded, above, below)
        jit.add(bounded, bounded, Float(0.5))
        jit.multiply(value, value, bounded)
    }

    /// `value = x · above(x²)/below(x²)`.
    private func quotient(_ value: FloatVector, _ above: [Float], _ below: [Float]) {
        let square = jit.floats("square")
        let (numerator, denominator) = (jit.floats("numerator"), jit.floats("denominator"))
        jit.multiply(square, value, value)
        polynomial(numerator, above, at: square)
        polynomial(denominator, below, at: square)
        jit.divide(numerator, numerator, denominator)
        jit.multiply(value, value, numerator)
    }
}
