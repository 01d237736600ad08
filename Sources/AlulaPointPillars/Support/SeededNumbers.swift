// SPDX-License-Identifier: Apache-2.0

/// Numbers from a seed, the same on every machine. Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
/// Generators", OOPSLA 2014 (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    /// Uniform in 0 ..< 1, with 24 random bits.
    mutating func unit() -> Float { Float(next() >> 40) / Float(1 << 24) }

    /// Uniform in −1 ..< 1, with 24 random bits.
    mutating func symmetric() -> Float { Float(next() >> 40) / Float(1 << 23) - 1 }

    /// Uniform in `range`.
    mutating func within(_ range: ClosedRange<Float>) -> Float {
        range.lowerBound + unit() * (range.upperBound - range.lowerBound)
    }

    /// Bell-shaped around 0 with standard deviation 1: the sum of four uniform numbers, scaled.
    mutating func bell() -> Float { (symmetric() + symmetric() + symmetric() + symmetric()) * 0.8660254 }
}
