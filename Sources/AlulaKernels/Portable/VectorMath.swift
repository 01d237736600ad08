// SPDX-License-Identifier: Apache-2.0

/// Transcendental functions in `float32` without branches, so that loops over them become SIMD code.
///
/// Errors are against the exact function, in units in the last place of the result unless said otherwise.
enum VectorMath {
    /// `eˣ` within 2 ULP; 0 below -103.98, ∞ above 88.73; NaN stays NaN.
    ///
    /// `2ⁿ·eʳ` with `|r| ≤ ln 2 / 2` and a polynomial of degree 6 for `eʳ`; `2ⁿ` in two factors, so that denormal
    /// results are rounded once.
    @inline(__always)
    static func exp(_ x: Float) -> Float {
        let clamped = x < -104 ? -104 : (x > 89 ? 89 : x)
        let shifted = clamped * 1.442_695_04 + 12_582_912  // 1.5·2²³ rounds to an integer in the low bits
        let n = shifted - 12_582_912
        let r = (clamped - n * 0.693_359_375) - n * -2.121_944_4e-4
        var p: Float = 1.987_569_15e-4
        p = p * r + 1.398_199_95e-3
        p = p * r + 8.333_451_9e-3
        p = p * r + 4.166_579_6e-2
        p = p * r + 1.666_666_55e-1
        p = p * r + 5.000_000_1e-1
        let mantissa = p * (r * r) + r + 1
        let exponent = Int32(truncatingIfNeeded: shifted.bitPattern) &- 0x4B40_0000
        let half = exponent &>> 1
        return mantissa * powerOfTwo(half) * powerOfTwo(exponent &- half)
    }

    /// `2ⁿ` for `-126 ≤ n ≤ 127`.
    @inline(__always)
    private static func powerOfTwo(_ n: Int32) -> Float {
        Float(bitPattern: UInt32(truncatingIfNeeded: (n &+ 127) &<< 23))
    }

    /// `1 / (1 + e⁻ˣ)` within 3 ULP.
    @inline(__always)
    static func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }

    /// `tanh x` within 5 ULP: a rational function of degrees 13 and 6 on ±7.9, beyond which the result is ±1.
    @inline(__always)
    static func tanh(_ x: Float) -> Float {
        let limit: Float = 7.905_311
        let t = x < -limit ? -limit : (x > limit ? limit : x)
        let square = t * t
        var p: Float = -2.760_768_5e-16
        p = p * square + 2.000_187_9e-13
        p = p * square + -8.604_671_5e-11
        p = p * square + 5.122_297_1e-8
        p = p * square + 1.485_722_4e-5
        p = p * square + 6.372_619_3e-4
        p = p * square + 4.893_524_6e-3
        var q: Float = 1.198_258_4e-6
        q = q * square + 1.185_347_1e-4
        q = q * square + 2.268_434_6e-3
        q = q * square + 4.893_525_2e-3
        return t * p / q
    }

    /// `erf x` within 1e-6 absolute and 1e-6 relative: a rational function of degrees 13 and 8 on ±4.
    @inline(__always)
    static func erf(_ x: Float) -> Float {
        let t = x < -4 ? -4 : (x > 4 ? 4 : x)
        let square = t * t
        var p: Float = -2.726_142_3e-10
        p = p * square + 2.770_681_4e-8
        p = p * square + -2.101_024e-6
        p = p * square + -5.692_506_5e-5
        p = p * square + -7.349_906_5e-4
        p = p * square + -2.954_599_8e-3
        p = p * square + -1.609_603_3e-2
        var q: Float = -1.456_607_2e-5
        q = q * square + -2.133_740_5e-4
        q = q * square + -1.682_827e-3
        q = q * square + -7.373_329_2e-3
        q = q * square + -1.426_474_0e-2
        let inside = t * p / q
        return x >= 4 ? 1 : (x <= -4 ? -1 : inside)
    }
}
