// SPDX-License-Identifier: Apache-2.0

/// The digest the expected files name tensors by. Source: FIPS 180-4.
struct SHA256 {
    private static let constants: [UInt32] = primes(64).map { fraction(of: cubeRoot($0)) }
    private var state: [UInt32] = primes(8).map { fraction(of: Double($0).squareRoot()) }

    /// The digest of `bytes`, in hexadecimal.
    static func hex(_ bytes: [UInt8]) -> String {
        var digest = SHA256()
        var padded = bytes + [0x80]
        while padded.count % 64 != 56 { padded.append(0) }
        let bitCount = UInt64(bytes.count) * 8
        for shift in stride(from: 56, through: 0, by: -8) {
            padded.append(UInt8(truncatingIfNeeded: bitCount >> shift))
        }
        for start in stride(from: 0, to: padded.count, by: 64) { digest.add(padded[start..<start + 64]) }
        return digest.state.map { word in
            let text = String(word, radix: 16)
            return String(repeating: "0", count: 8 - text.count) + text
        }.joined()
    }

    private mutating func add(_ block: ArraySlice<UInt8>) {
        var words = [UInt32](repeating: 0, count: 64)
        for (index, byte) in block.enumerated() { words[index / 4] = words[index / 4] << 8 | UInt32(byte) }
        for index in 16..<64 {
            let (a, b) = (words[index - 15], words[index - 2])
            let first = Self.rotated(a, 7) ^ Self.rotated(a, 18) ^ a >> 3
            let second = Self.rotated(b, 17) ^ Self.rotated(b, 19) ^ b >> 10
            words[index] = words[index - 16] &+ first &+ words[index - 7] &+ second
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for index in 0..<64 {
            let mix = Self.rotated(e, 6) ^ Self.rotated(e, 11) ^ Self.rotated(e, 25)
            let first = h &+ mix &+ (e & f ^ ~e & g) &+ Self.constants[index] &+ words[index]
            let second = (Self.rotated(a, 2) ^ Self.rotated(a, 13) ^ Self.rotated(a, 22)) &+ (a & b ^ a & c ^ b & c)
            (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
        }
        for (index, word) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= word }
    }

    private static func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }

    private static func primes(_ count: Int) -> [Int] {
        var found: [Int] = []
        var candidate = 2
        while found.count < count {
            if !found.contains(where: { candidate % $0 == 0 }) { found.append(candidate) }
            candidate += 1
        }
        return found
    }

    private static func cubeRoot(_ number: Int) -> Double {
        var root = Double(number) / 2
        for _ in 0..<200 { root -= (root * root * root - Double(number)) / (3 * root * root) }
        return root
    }

    private static func fraction(of number: Double) -> UInt32 { UInt32((number - number.rounded(.down)) * 0x1p32) }
}
