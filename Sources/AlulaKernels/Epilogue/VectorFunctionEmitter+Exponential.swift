// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// The exponential and what is made of it. Errors are stated in units in the last place of the result (ULP), against the
/// exact function; `VectorFunctionTests` measures them.
extension VectorFunctionEmitter {
    private static let log2e: Float = 1.442_695_04
    /// ln 2 in two parts: multiples of the first by the exponents that occur are exact.
    private static let ln2High: Float = 0.693_359_375
    private static let ln2Low: Float = -2.121_944_4e-4
    /// `(eʳ - 1 - r) / r²` for `|r| ≤ ln 2 / 2`: minimax fit, error 3e-9 relative to `eʳ`.
    private static let expTail: [Float] = [
        0.499_999_934, 0.166_665_204, 0.041_668_390_8, 0.008_368_745_11, 0.001_381_454,
    ]

    /// `value = eˢʳᶜ` within 2 ULP, denormal results included; 0 below -103.98, ∞ above 88.73. Two temporaries.
    func exp(_ value: FloatVector) {
        clamp(value, -104, 89)
        let multiple = reduceExponent(value)
        let mantissa = jit.floats("mantissa")
        polynomial(mantissa, [1, 1] + Self.expTail, at: value)
        scale(mantissa, byPowerOfTwo: multiple, into: value)
    }

    /// The least exponent a softmax takes a power of: e⁻⁸⁷ is a normal number.
    static let leastSoftmaxExponent: Float = -87

    /// `value = eˢʳᶜ` for a softmax, where no value is above 0: powers of less than `least`, as of masked elements, are 0.
    /// Below the normal numbers they would cost a hundred cycles each, and are nothing beside the largest, which is 1. NaN
    /// stays, as it is the operand that comes back.
    func softmaxExp(_ value: FloatVector, least: FloatVector, zero: FloatVector) {
        let isNothing = jit.mask("is nothing")
        jit.compare(isNothing, value, .floatLess, least)
        jit.maximum(value, least, value)
        exp(value)
        jit.select(value, isNothing, zero, value)
    }

    /// Splits `value = n·ln 2 + r`: returns n as a float, leaves r in `value`.
    private func reduceExponent(_ value: FloatVector) -> FloatVector {
        let multiple = jit.floats("multiple of ln 2")
        jit.multiply(multiple, value, Self.log2e)
        jit.apply(.roundEven, multiple, multiple)
        jit.accumulateNegated(value, multiple, Self.ln2High)
        jit.accumulateNegated(value, multiple, Self.ln2Low)
        return multiple
    }

    /// `dst = mantissa·2ⁿ` for `0.5 < mantissa < 2` and `-150 ≤ n ≤ 129`, rounded once; overwrites both operands.
    ///
    /// Half of n goes into the exponent bits, the other half is a factor: together they reach below the normal range.
    private func scale(_ mantissa: FloatVector, byPowerOfTwo n: FloatVector, into dst: FloatVector) {
        let (whole, half) = (n.bits, dst.bits)
        jit.convert(whole, n)
        jit.shift(.rightArithmetic, half, whole, by: 1)
        jit.subtract(whole, whole, half)
        jit.shift(.left, half, half, by: 23)
        jit.add(mantissa.bits, mantissa.bits, half)
        jit.shift(.left, whole, whole, by: 23)
        jit.add(whole, whole, Int32(127 << 23))
        jit.multiply(dst, mantissa, whole.asFloats)
    }

    /// `value = eˢʳᶜ - 1` for values up to 0, within 2 ULP of the result. Two temporaries.
    func expMinusOne(_ value: FloatVector) {
        atLeast(value, -18)  // e⁻¹⁸ is below half a unit in the last place of 1
        let multiple = reduceExponent(value)
        let excess = jit.floats("e to r, minus 1")
        polynomial(excess, [1] + Self.expTail, at: value)
        jit.multiply(excess, excess, value)
        let power = multiple.bits
        jit.convert(power, multiple)
        jit.shift(.left, power, power, by: 23)
        jit.add(power, power, Int32(127 << 23))
        jit.add(value, multiple, Float(-1))
        jit.accumulate(value, excess, multiple)
    }

    /// `1 / (1 + e⁻ˣ)` within 3 ULP; below -88.7, where the result is denormal, 0. Two temporaries.
    func sigmoid(_ value: FloatVector) {
        jit.negate(value, value)
        exp(value)
        jit.add(value, value, Float(1))
        jit.divide(value, constant(1), value)
    }

    /// `x / (1 + e^(-αx))` within 3 ULP and the error of the rounded exponent. Three temporaries.
    func swish(_ value: FloatVector, _ alpha: Float) {
        let divisor = jit.floats("divisor")
        jit.multiply(divisor, value, -alpha)
        exp(divisor)
        jit.add(divisor, divisor, Float(1))
        jit.divide(value, value, divisor)
    }

    /// `x / (1 + e^(-2z))` with `z = √(2/π)·(x + 0.044715·x³)`: GELU with the hyperbolic tangent, without its
    /// cancellation. Three temporaries.
    func geluTanh(_ value: FloatVector) {
        let slope = 2 * 0.797_884_560_802_865_4
        let divisor = jit.floats("divisor")
        jit.multiply(divisor, value, value)
        jit.multiply(divisor, divisor, Float(-slope * 0.044715))
        jit.add(divisor, divisor, Float(-slope))
        jit.multiply(divisor, divisor, value)
        exp(divisor)
        jit.add(divisor, divisor, Float(1))
        jit.divide(value, value, divisor)
    }

    /// `tanh x = -E/(E + 2)` with `E = e^(-2|x|) - 1`, within 3 ULP; ±1 from 9.02 on. Three temporaries.
    func tanh(_ value: FloatVector) {
        let signBits = Int32.min
        let sign = jit.floats("sign")
        jit.apply(.and, sign.bits, value.bits, signBits)
        jit.add(value, value, value)
        jit.apply(.or, value.bits, value.bits, signBits)
        expMinusOne(value)
        let divisor = jit.floats("divisor")
        jit.add(divisor, value, Float(2))
        jit.divide(value, value, divisor)
        jit.absolute(value, value)
        jit.apply(.or, value.bits, value.bits, sign.bits)
    }

    /// `x · n/(n + 2)` with `n = eˣ(eˣ + 2)`, which is `x·tanh(ln(1 + eˣ))`. Three temporaries.
    func mish(_ value: FloatVector) {
        let power = jit.floats("e to x")
        jit.copy(power, value)
        atMost(power, 20)  // n/(n + 2) is 1 from there on
        exp(power)
        let divisor = jit.floats("divisor")
        jit.add(divisor, power, Float(2))
        jit.multiply(power, power, divisor)
        jit.add(divisor, power, Float(2))
        jit.divide(power, power, divisor)
        jit.multiply(value, value, power)
    }

    /// `γ·(max(x, 0) + α·(e^(min(x, 0)/d) - 1))`. Three temporaries.
    func elu(_ value: FloatVector, alpha: Float, gamma: Float, divisor: Float = 1) {
        let positive = jit.floats("positive part")
        let zero = constant(0)
        jit.maximum(positive, zero, value)
        jit.minimum(value, zero, value)
        if divisor != 1 { jit.divide(value, value, divisor) }
        expMinusOne(value)
        jit.accumulate(positive, value, alpha)
        if gamma == 1 {
            jit.copy(value, positive)
        } else {
            jit.multiply(value, positive, gamma)
        }
    }
}
