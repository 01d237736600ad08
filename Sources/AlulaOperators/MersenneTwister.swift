// SPDX-License-Identifier: Apache-2.0

/// The random numbers of ONNX's reference implementation: MT19937 of Matsumoto and Nishimura, seeded by one word.
struct MersenneTwister {
    private static let stateCount = 624
    private var state: [UInt32]
    private var position = Self.stateCount

    /// The generator as seeded by `init_genrand(seed)`.
    init(seed: UInt32) {
        state = [seed]
        for index in 1..<Self.stateCount {
            let previous = state[index - 1]
            state.append(1_812_433_253 &* (previous ^ previous >> 30) &+ UInt32(index))
        }
    }

    /// The next 32 bits.
    mutating func nextWord() -> UInt32 {
        if position == Self.stateCount { renew() }
        var word = state[position]
        position += 1
        word ^= word >> 11
        word ^= word << 7 & 0x9d2c_5680
        word ^= word << 15 & 0xefc6_0000
        return word ^ word >> 18
    }

    /// The next number in `0..<1`, of 53 random bits.
    mutating func nextUnit() -> Double {
        let high = Double(nextWord() >> 5)
        let low = Double(nextWord() >> 6)
        return (high * 0x1p26 + low) * 0x1p-53
    }

    private mutating func renew() {
        for index in 0..<Self.stateCount {
            let joined = state[index] & 0x8000_0000 | state[(index + 1) % Self.stateCount] & 0x7fff_ffff
            let twisted = joined >> 1 ^ (joined & 1 == 0 ? 0 : 0x9908_b0df)
            state[index] = state[(index + 397) % Self.stateCount] ^ twisted
        }
        position = 0
    }
}
