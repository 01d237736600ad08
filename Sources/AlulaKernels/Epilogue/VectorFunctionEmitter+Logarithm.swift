// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// Logarithms. Errors are stated in units in the last place of the result (ULP); `VectorFunctionTests` measures them.
extension VectorFunctionEmitter {
    private static let ln2High: Float = 0.693_359_375
    private static let ln2Low: Float = -2.121_944_4e-4
    /// `(ln(1 + f) - f + f²/2) / f³` for `1 + f` between √½ and √2: minimax fit, error 6e-9 relative to `ln(1 + f)`.
    private static let logTail: [Float] = [
        0.333_333_317, -0.250_008_21, 0.200_012_269, -0.166_233_574, 0.142_017_579, -0.131_601_822, 0.127_615_775,
        -0.076_344_977_5,
    ]
    /// `ln(1 + u)/u` for `0 ≤ u ≤ 1`: minimax fit, error 5e-9 relative.
    private static let logOnePlus: [Float] = [
        1, -0.499_999_024, 0.333_299_624, -0.249_541_336, 0.196_759_391, -0.153_055_92, 0.106_036_54, -0.056_959_525_5,
        0.019_851_457_7, -0.003_244_024_15,
    ]

    /// `value = ln src` within 2 ULP, denormals included; -∞ at zero, NaN below. Four temporaries.
    func log(_ value: FloatVector) {
        let src = jit.floats("src")
        let exponent = jit.floats("exponent")
        jit.copy(src, value)
        splitMantissa(value, exponent)
        jit.add(value, value, Float(-1))
        let square = jit.floats("square")
        let sum = jit.floats("sum")
        polynomial(sum, Self.logTail, at: value)
        jit.multiply(square, value, value)
        jit.multiply(sum, sum, value)
        jit.multiply(sum, sum, square)
        jit.accumulate(sum, square, Float(-0.5))
        jit.accumulate(sum, exponent, Self.ln2Low)
        jit.add(value, value, sum)
        jit.accumulate(value, exponent, Self.ln2High)
        correctSpecials(value, src)
    }

    /// Leaves m between √½ and √2 in `value` and k in `exponent`, such that the value was `m·2ᵏ`.
    private func splitMantissa(_ value: FloatVector, _ exponent: FloatVector) {
        let isDenormal = jit.mask("is denormal")
        let other = jit.floats("other")
        jit.compare(isDenormal, value, .floatLess, Float.leastNormalMagnitude)
        jit.multiply(other, value, Float(1 << 23))
        jit.select(value, isDenormal, other, value)
        jit.subtract(exponent.bits, value.bits, Int32(0x3F35_04F3))  // √½
        jit.shift(.rightArithmetic, exponent.bits, exponent.bits, by: 23)
        jit.shift(.left, other.bits, exponent.bits, by: 23)
        jit.subtract(value.bits, value.bits, other.bits)
        jit.convert(exponent, exponent.bits)
        jit.add(other, exponent, Float(-23))
        jit.select(exponent, isDenormal, other, exponent)
    }

    /// ∞ and NaN give themselves, zeros -∞, what lies below NaN.
    private func correctSpecials(_ value: FloatVector, _ src: FloatVector) {
        let mask = jit.mask("is special")
        jit.compare(mask, src, .floatLess, Float.infinity)
        jit.select(value, mask, value, src)
        jit.compare(mask, src, .floatLessOrEqual, Float(0))
        jit.squareRoot(src, src)
        jit.add(src, src, -Float.infinity)
        jit.select(value, mask, src, value)
    }

    /// `max(x, 0) + ln(1 + e^(-|x|))` within 3 ULP. Three temporaries.
    func softplus(_ value: FloatVector) {
        let positive = jit.floats("positive part")
        jit.maximum(positive, constant(0), value)
        jit.apply(.or, value.bits, value.bits, Int32.min)
        exp(value)
        let sum = jit.floats("ln(1 + u) / u")
        polynomial(sum, Self.logOnePlus, at: value)
        jit.multiplyAdd(value, value, sum, positive)
    }
}
