// SPDX-License-Identifier: Apache-2.0

extension ElementaryFunctions {
    private static let halfPi = 0x1.921fb54442d18p0

    /// The sine of `x` radians.
    public static func sin(_ x: Double) -> Double {
        guard x.isFinite else { return .nan }
        let (quadrant, r) = reduce(x)
        let value = quadrant & 1 == 0 ? sinOfReduced(r) : cosOfReduced(r)
        return quadrant & 2 == 0 ? value : -value
    }

    /// The cosine of `x` radians.
    public static func cos(_ x: Double) -> Double {
        guard x.isFinite else { return .nan }
        let (quadrant, r) = reduce(x)
        let value = quadrant & 1 == 0 ? cosOfReduced(r) : sinOfReduced(r)
        return (quadrant + 1) & 2 == 0 ? value : -value
    }

    /// The tangent of `x` radians.
    public static func tan(_ x: Double) -> Double {
        guard x.isFinite else { return .nan }
        let (quadrant, r) = reduce(x)
        return quadrant & 1 == 0 ? sinOfReduced(r) / cosOfReduced(r) : -cosOfReduced(r) / sinOfReduced(r)
    }

    /// The arc tangent, in `[-π/2, π/2]`: `arctan(c) + arctan((x - c)/(1 + xc))` with `c` the nearest eighth.
    public static func atan(_ x: Double) -> Double {
        let magnitude = abs(x)
        guard !x.isNaN else { return x }
        guard magnitude <= 1 else { return x.signed(halfPi - atan(1 / magnitude)) }
        let index = Int(magnitude * 8 + 0.5)
        let centre = Double(index) / 8
        let y = (magnitude - centre) / (1 + magnitude * centre)
        let square = y * y
        var sum = 0.06666666666666667
        sum = sum * square - 0.07692307692307693
        sum = sum * square + 0.09090909090909091
        sum = sum * square - 0.1111111111111111
        sum = sum * square + 0.14285714285714285
        sum = sum * square - 0.2
        sum = sum * square + 0.3333333333333333
        return x.signed(arcTangentsOfEighths[index] + (y - y * square * sum))
    }

    /// `arctan(i/8)`, `i` in `0...8`.
    private static let arcTangentsOfEighths: [Double] = [
        0, 0x1.fd5ba9aac2f6ep-4, 0x1.f5b75f92c80ddp-3, 0x1.6f61941e4def1p-2, 0x1.dac670561bb4fp-2,
        0x1.1e00babdefeb4p-1, 0x1.4978fa3269ee1p-1, 0x1.700a7c5784634p-1, 0x1.921fb54442d18p-1,
    ]

    /// The arc sine; NaN outside `[-1, 1]`.
    public static func asin(_ x: Double) -> Double {
        guard abs(x) <= 1 else { return .nan }
        return atan(x / ((1 - x) * (1 + x)).squareRoot())
    }

    /// The arc cosine; NaN outside `[-1, 1]`.
    public static func acos(_ x: Double) -> Double {
        guard abs(x) <= 1 else { return .nan }
        return 2 * atan(((1 - x) / (1 + x)).squareRoot())
    }

    // MARK: - Reduced arguments

    /// Taylor series of degree 17, `|r| ≤ π/4`.
    private static func sinOfReduced(_ r: Double) -> Double {
        guard abs(r) > 0x1p-27 else { return r }
        let square = r * r
        var sum = 2.8114572543455206e-15
        sum = sum * square - 7.647163731819816e-13
        sum = sum * square + 1.6059043836821613e-10
        sum = sum * square - 2.505210838544172e-08
        sum = sum * square + 2.7557319223985893e-06
        sum = sum * square - 0.0001984126984126984
        sum = sum * square + 0.008333333333333333
        sum = sum * square - 0.16666666666666666
        return r + r * square * sum
    }

    /// Taylor series of degree 16, `|r| ≤ π/4`.
    private static func cosOfReduced(_ r: Double) -> Double {
        let square = r * r
        var sum = 4.779477332387385e-14
        sum = sum * square - 1.1470745597729725e-11
        sum = sum * square + 2.08767569878681e-09
        sum = sum * square - 2.755731922398589e-07
        sum = sum * square + 2.48015873015873e-05
        sum = sum * square - 0.001388888888888889
        sum = sum * square + 0.041666666666666664
        return 1 - (0.5 * square - square * square * sum)
    }

    /// `x - quadrant·π/2` in `[-π/4, π/4]`; the quadrant modulo 4 is what counts.
    private static func reduce(_ x: Double) -> (quadrant: Int, r: Double) {
        guard abs(x) >= 0.785 else { return (0, x) }
        guard abs(x) < 500_000 else { return reduceLarge(x) }
        let multiple = (x / halfPi).rounded()
        // π/2 in three parts of 33, 33 and 53 bits: products with multiples below 2²⁰ are exact.
        let r = ((x - multiple * 0x1.921fb544p0) - multiple * 0x1.0b4611a6p-34) - multiple * 0x1.3198a2e037073p-69
        return (Int(multiple), r)
    }

    /// Payne and Hanek's reduction: only those 192 bits of 2/π are multiplied that decide `2x/π` modulo 4.
    private static func reduceLarge(_ x: Double) -> (quadrant: Int, r: Double) {
        let magnitude = abs(x)
        let significand = magnitude.bitPattern & 0x000f_ffff_ffff_ffff | 0x0010_0000_0000_0000
        let exponent = Int(magnitude.bitPattern >> 52) - 1_075
        // Bits of 2/π before this one contribute multiples of 4; the table starts 64 bits early.
        let start = exponent - 2 + 64
        let low = significand.multipliedFullWidth(by: twoOverPiBits(at: start + 128))
        let middle = significand.multipliedFullWidth(by: twoOverPiBits(at: start + 64))
        let high = significand &* twoOverPiBits(at: start)
        let (word1, carry) = middle.low.addingReportingOverflow(low.high)
        let word2 = high &+ middle.high &+ (carry ? 1 : 0)
        // Two integer bits lead; shifted out, the rest is a signed fraction in [-½, ½).
        let fractionHigh = Int64(bitPattern: word2 << 2 | word1 >> 62)
        let fractionLow = word1 << 2 | low.low >> 62
        let quadrant = Int(word2 >> 62) + (fractionHigh < 0 ? 1 : 0)
        let r = (Double(fractionHigh) * 0x1p-64 + Double(fractionLow) * 0x1p-128) * halfPi
        return x < 0 ? (-quadrant, -r) : (quadrant, r)
    }

    private static func twoOverPiBits(at bit: Int) -> UInt64 {
        let word = bit >> 6
        let shift = UInt64(bit & 63)
        let first = twoOverPi[word] << shift
        return shift == 0 ? first : first | twoOverPi[word + 1] >> (64 - shift)
    }

    /// 64 zero bits, then the first 1280 bits of 2/π behind the binary point.
    private static let twoOverPi: [UInt64] = [
        0, 0xa2f9_836e_4e44_1529, 0xfc27_57d1_f534_ddc0, 0xdb62_9599_3c43_9041, 0xfe51_63ab_debb_c561,
        0xb724_6e3a_424d_d2e0, 0x0649_2eea_09d1_921c, 0xfe1d_eb1c_b129_a73e, 0xe882_35f5_2ebb_4484,
        0xe99c_7026_b45f_7e41, 0x3991_d639_8353_39f4, 0x9c84_5f8b_bdf9_283b, 0x1ff8_97ff_de05_980f,
        0xef2f_118b_5a0a_6d1f, 0x6d36_7ecf_27cb_09b7, 0x4f46_3f66_9e5f_ea2d, 0x7527_bac7_ebe5_f17b,
        0x3d07_39f7_8a52_92ea, 0x6bfb_5fb1_1f8d_5d08, 0x5603_3046_fc7b_6bab, 0xf0cf_bc20_9af4_361d,
    ]
}
