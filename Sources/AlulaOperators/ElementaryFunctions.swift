// SPDX-License-Identifier: Apache-2.0

/// Exponentials, logarithms, circular, hyperbolic and error functions in plain `Double` arithmetic.
///
/// No platform library is called, so results are the same bits on every machine. Rounded to `float32` every function is
/// within one unit in the last place of the true value. In `float64` the error is a few units in the last place
/// (`pow`: 2e-13 relative, because the logarithm is not carried in extended precision).
public enum ElementaryFunctions {
    static let ln2 = 0x1.62e42fefa39efp-1
    /// The upper 32 bits of ln 2: multiples up to 2²¹ are exact.
    private static let ln2High = 0x1.62e42fee00000p-1
    private static let ln2Low = 0x1.a39ef35793c76p-33
    /// Adding and subtracting 1.5·2⁵² rounds to the nearest integer, which then stands in the low bits.
    private static let roundingShift = 0x1.8p52

    /// `eˣ`: `2ᵏ·eʳ` with `|r| ≤ ln 2 / 2`, the Taylor series of degree 13 for `eʳ`.
    public static func exp(_ x: Double) -> Double {
        guard x < 709.79 else { return x.isNaN ? x : .infinity }
        guard x > -745.14 else { return 0 }
        let shifted = x * 0x1.71547652b82fep0 + roundingShift
        let multiple = shifted - roundingShift
        let exponent = Int(Int32(truncatingIfNeeded: shifted.bitPattern))
        let r = (x - multiple * ln2High) - multiple * ln2Low
        return scale(1 + r + expTail(r), byPowerOfTwo: exponent)
    }

    /// `eˣ - 1`, accurate near zero.
    public static func expm1(_ x: Double) -> Double {
        abs(x) < 0.35 ? x + expTail(x) : exp(x) - 1
    }

    /// `eʳ - 1 - r` for `|r| ≤ 0.35`.
    private static func expTail(_ r: Double) -> Double {
        let square = r * r
        var even = 2.08767569878681e-09
        even = even * square + 2.755731922398589e-07
        even = even * square + 2.48015873015873e-05
        even = even * square + 0.001388888888888889
        even = even * square + 0.041666666666666664
        even = even * square + 0.5
        var odd = 1.6059043836821613e-10
        odd = odd * square + 2.505210838544172e-08
        odd = odd * square + 2.7557319223985893e-06
        odd = odd * square + 0.0001984126984126984
        odd = odd * square + 0.008333333333333333
        odd = odd * square + 0.16666666666666666
        return square * (even + r * odd)
    }

    /// `x·2ᵏ` for `x` near one and `-1080 ≤ k ≤ 1024`.
    private static func scale(_ x: Double, byPowerOfTwo k: Int) -> Double {
        if k >= -1022 && k <= 1023 { return x * powerOfTwo(k) }
        let half = k / 2
        return x * powerOfTwo(half) * powerOfTwo(k - half)
    }

    private static func powerOfTwo(_ k: Int) -> Double {
        Double(bitPattern: UInt64(truncatingIfNeeded: k + 1_023) << 52)
    }

    /// `ln x`: `k·ln 2 + 2·artanh(s)` with `x = 2ᵏ·m`, `m` in `[√½, √2]`, `s = (m - 1)/(m + 1)`.
    public static func log(_ x: Double) -> Double {
        guard x > 0 else { return x == 0 ? -.infinity : .nan }
        guard x < .infinity else { return x }
        var bits = x.bitPattern
        var exponent = 0
        if bits < 1 << 52 {
            bits = (x * 0x1p54).bitPattern
            exponent = -54
        }
        exponent += Int(bits >> 52) - 1_023
        var mantissa = Double(bitPattern: bits & 0x000f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000)
        if mantissa > 1.4142135623730951 {
            mantissa *= 0.5
            exponent += 1
        }
        let excess = mantissa - 1
        let s = excess / (2 + excess)
        let k = Double(exponent)
        return k * ln2High + (2 * s + (2 * s * artanhTail(s * s) + k * ln2Low))
    }

    /// `artanh(s)/s - 1` from `s²`, `|s| ≤ 0.1716`.
    private static func artanhTail(_ square: Double) -> Double {
        var sum = 0.043478260869565216
        sum = sum * square + 0.047619047619047616
        sum = sum * square + 0.05263157894736842
        sum = sum * square + 0.058823529411764705
        sum = sum * square + 0.06666666666666667
        sum = sum * square + 0.07692307692307693
        sum = sum * square + 0.09090909090909091
        sum = sum * square + 0.1111111111111111
        sum = sum * square + 0.14285714285714285
        sum = sum * square + 0.2
        sum = sum * square + 0.3333333333333333
        return sum * square
    }

    /// `ln(1 + x)`, accurate near zero: the rounding of `1 + x` is divided out.
    public static func log1p(_ x: Double) -> Double {
        let sum = 1 + x
        if sum == 1 { return x }
        return abs(x) > 0x1p53 ? log(x) : log(sum) * (x / (sum - 1))
    }

    /// `xʸ` with the special cases of IEEE 754 `pow`: `x⁰ = 1ʸ = 1`, negative bases need integer exponents.
    public static func pow(_ x: Double, _ y: Double) -> Double {
        if y == 0 || x == 1 { return 1 }
        if x.isNaN || y.isNaN { return .nan }
        if y.isInfinite {
            if abs(x) == 1 { return 1 }
            return (abs(x) > 1) == (y > 0) ? .infinity : 0
        }
        let isInteger = y.rounded(.towardZero) == y
        let isOdd = isInteger && abs(y) < 0x1p53 && Int64(y) & 1 == 1
        let isNegative = x.sign == .minus
        if x == 0 || x.isInfinite {
            let magnitude: Double = (x == 0) == (y > 0) ? 0 : .infinity
            return isNegative && isOdd ? -magnitude : magnitude
        }
        if isNegative && !isInteger { return .nan }
        if isInteger, let result = integerPower(x, y) { return result }
        let magnitude = exp(y * log(abs(x)))
        return isNegative && isOdd ? -magnitude : magnitude
    }

    /// `xⁿ` by repeated squaring for `|n| ≤ 32`; nil for larger `n` and where a product leaves the normal range.
    private static func integerPower(_ x: Double, _ y: Double) -> Double? {
        guard abs(y) <= 32 else { return nil }
        var remaining = Int(abs(y))
        var base = x
        var product = 1.0
        while true {
            if remaining & 1 == 1 { product *= base }
            remaining >>= 1
            if remaining == 0 { break }
            base *= base
        }
        guard product.isNormal else { return nil }
        return y < 0 ? 1 / product : product
    }
}
