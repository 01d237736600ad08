// SPDX-License-Identifier: Apache-2.0

extension ElementaryFunctions {
    /// `erf(x) = 2/√π ∫₀ˣ e^(-t²) dt`.
    public static func erf(_ x: Double) -> Double {
        let magnitude = abs(x)
        if magnitude <= 1 { return x * erfOverX(x * x) }
        guard magnitude < 6 else { return x.isNaN ? x : x.signed(1) }
        return x.signed(1 - erfcOfLarge(magnitude))
    }

    /// `1 - erf(x)`, accurate where it is small.
    public static func erfc(_ x: Double) -> Double {
        if abs(x) <= 1 { return 1 - x * erfOverX(x * x) }
        guard !x.isNaN else { return x }
        if x < 0 { return x < -6 ? 2 : 2 - erfcOfLarge(-x) }
        return x > 28 ? 0 : erfcOfLarge(x)
    }

    /// `erf(x)/x` from `x²`, `|x| ≤ 1`: Chebyshev fit of degree 11, error below 1e-17.
    private static func erfOverX(_ square: Double) -> Double {
        var sum = -7.795898827002142e-10
        sum = sum * square + 1.3720064546777686e-08
        sum = sum * square - 1.6208483801871705e-07
        sum = sum * square + 1.6447424703317362e-06
        sum = sum * square - 1.492473690741966e-05
        sum = sum * square + 0.00012055294904839707
        sum = sum * square - 0.0008548325975389692
        sum = sum * square + 0.0052239776071164225
        sum = sum * square - 0.02686617064323777
        sum = sum * square + 0.11283791670945006
        sum = sum * square - 0.37612638903183543
        return sum * square + 1.1283791670955126
    }

    /// `erfc(x)` for `1 ≤ x ≤ 28`: `(1 + 2x)·e^(x²)·erfc(x)` is a polynomial of degree 21 in `t = (x - 4)/(x + 4)`,
    /// a Chebyshev fit with an error below 1e-18.
    private static func erfcOfLarge(_ x: Double) -> Double {
        let t = (x - 4) / (x + 4)
        var sum = -4.191266612457734e-09
        sum = sum * t - 1.9227554116878793e-08
        sum = sum * t + 9.394570318542979e-08
        sum = sum * t + 8.099678229047425e-08
        sum = sum * t - 8.12998535778935e-07
        sum = sum * t + 2.8752601199187173e-07
        sum = sum * t + 5.70414094225746e-06
        sum = sum * t - 1.1218900150153128e-05
        sum = sum * t - 2.4397617720578323e-05
        sum = sum * t + 0.0001506207571706315
        sum = sum * t - 0.00019925699347816546
        sum = sum * t - 0.0007577731225688058
        sum = sum * t + 0.005031970014494224
        sum = sum * t - 0.016197734076141338
        sum = sum * t + 0.0371675155346923
        sum = sum * t - 0.06633036581104139
        sum = sum * t + 0.09373283499847113
        sum = sum * t - 0.1010390660363432
        sum = sum * t + 0.06809705425469019
        sum = sum * t + 0.01537965210262025
        sum = sum * t - 0.1396211168405625
        sum = sum * t + 1.2329951186255526
        return sum / (1 + 2 * x) * exp(-x * x)
    }
}
