// SPDX-License-Identifier: Apache-2.0

extension ElementaryFunctions {
    /// The hyperbolic tangent; ±1 from 22 on.
    public static func tanh(_ x: Double) -> Double {
        let magnitude = abs(x)
        guard magnitude < 22 else { return x.isNaN ? x : x.signed(1) }
        let difference = expm1(-2 * magnitude)
        return x.signed(-difference / (difference + 2))
    }

    /// The hyperbolic sine.
    public static func sinh(_ x: Double) -> Double {
        let magnitude = abs(x)
        guard magnitude < 709 else {
            let root = exp(magnitude / 2)
            return x.isNaN ? x : x.signed(root / 2 * root)
        }
        let difference = expm1(magnitude)
        return x.signed((difference + difference / (difference + 1)) / 2)
    }

    /// The hyperbolic cosine.
    public static func cosh(_ x: Double) -> Double {
        let magnitude = abs(x)
        guard magnitude < 709 else {
            let root = exp(magnitude / 2)
            return x.isNaN ? x : root / 2 * root
        }
        let power = exp(magnitude)
        return (power + 1 / power) / 2
    }

    /// The inverse hyperbolic sine.
    public static func asinh(_ x: Double) -> Double {
        let magnitude = abs(x)
        if magnitude > 0x1p28 { return x.signed(log(magnitude) + ln2) }
        let square = magnitude * magnitude
        return x.signed(log1p(magnitude + square / (1 + (1 + square).squareRoot())))
    }

    /// The inverse hyperbolic cosine; NaN below 1.
    public static func acosh(_ x: Double) -> Double {
        guard x >= 1 else { return .nan }
        if x > 0x1p28 { return log(x) + ln2 }
        let excess = x - 1
        return log1p(excess + (2 * excess + excess * excess).squareRoot())
    }

    /// The inverse hyperbolic tangent; ±∞ at ±1, NaN beyond.
    public static func atanh(_ x: Double) -> Double {
        let magnitude = abs(x)
        guard magnitude < 1 else { return magnitude == 1 ? x.signed(.infinity) : .nan }
        return x.signed(log1p(2 * magnitude / (1 - magnitude)) / 2)
    }

    /// `1/(1 + e⁻ˣ)`.
    public static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

    /// `ln(1 + eˣ)`.
    public static func softplus(_ x: Double) -> Double { x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)) }
}

extension Double {
    /// `magnitude` with this number's sign.
    func signed(_ magnitude: Double) -> Double { Double(signOf: self, magnitudeOf: magnitude) }
}
