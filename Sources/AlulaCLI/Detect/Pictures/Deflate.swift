// SPDX-License-Identifier: Apache-2.0

/// Compresses with repeats and fixed codes: quick, and small where most bytes repeat, as in drawings.
///
/// Source: RFC 1951 (deflate), RFC 1950 (zlib).
struct Deflate {
    private var output: [UInt8] = []
    private var bits: UInt64 = 0
    private var bitCount: UInt64 = 0

    /// `bytes` as a zlib stream.
    static func zlib(_ bytes: [UInt8]) -> [UInt8] {
        var deflate = Deflate()
        deflate.output = [0x78, 0x01]
        deflate.compress(bytes)
        return deflate.output + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: adler(bytes) >> $0) }
    }

    private static func adler(_ bytes: [UInt8]) -> UInt32 {
        var (low, high): (UInt32, UInt32) = (1, 0)
        for byte in bytes {
            low = (low + UInt32(byte)) % 65521
            high = (high + low) % 65521
        }
        return high << 16 | low
    }

    // MARK: - Repeats

    private static let longest = 258
    private static let farthest = 32768

    /// One final block with fixed codes.
    private mutating func compress(_ bytes: [UInt8]) {
        put(1, count: 1)
        put(1, count: 2)
        // The last place of every three bytes, by a hash of them.
        var last = [Int32](repeating: -1, count: 1 << 15)
        var position = 0
        while position < bytes.count {
            var length = 0
            var distance = 0
            if position + 3 <= bytes.count {
                let hash = Self.hash(bytes, position)
                let candidate = Int(last[hash])
                last[hash] = Int32(position)
                if candidate >= 0, position - candidate <= Self.farthest {
                    length = Self.matchLength(bytes, candidate, position)
                    distance = position - candidate
                }
            }
            if length >= 3 {
                putRepeat(length, distance)
                // Remembering every eighth place is enough: what repeats here repeats in runs.
                for place in stride(from: position + 8, to: min(position + length, bytes.count - 2), by: 8) {
                    last[Self.hash(bytes, place)] = Int32(place)
                }
                position += length
            } else {
                putSymbol(Int(bytes[position]))
                position += 1
            }
        }
        putSymbol(256)
        put(0, count: (8 - bitCount % 8) % 8)
    }

    private static func hash(_ bytes: [UInt8], _ place: Int) -> Int {
        let value = UInt32(bytes[place]) | UInt32(bytes[place + 1]) << 8 | UInt32(bytes[place + 2]) << 16
        return Int((value &* 0x9E37_79B1) >> 17)
    }

    private static func matchLength(_ bytes: [UInt8], _ first: Int, _ second: Int) -> Int {
        let limit = min(longest, bytes.count - second)
        var length = 0
        while length < limit, bytes[first + length] == bytes[second + length] { length += 1 }
        return length
    }

    // MARK: - Codes

    private mutating func putRepeat(_ length: Int, _ distance: Int) {
        let lengthCode = Self.lengthBases.lastIndex { $0 <= length } ?? 0
        putSymbol(257 + lengthCode)
        put(UInt64(length - Self.lengthBases[lengthCode]), count: UInt64(Self.lengthBits[lengthCode]))
        let distanceCode = Self.distanceBases.lastIndex { $0 <= distance } ?? 0
        putCode(UInt64(distanceCode), count: 5)
        put(UInt64(distance - Self.distanceBases[distanceCode]), count: UInt64(Self.distanceBits[distanceCode]))
    }

    private static let lengthBits = [
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
    ]
    private static let lengthBases = bases(from: 3, lengthBits.dropLast()) + [258]
    private static let distanceBits = [
        0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
    ]
    private static let distanceBases = bases(from: 1, distanceBits[...])

    private static func bases(from first: Int, _ bits: ArraySlice<Int>) -> [Int] {
        var base = first
        return bits.map { count in
            defer { base += 1 << count }
            return base
        }
    }

    private mutating func putSymbol(_ symbol: Int) {
        switch symbol {
        case ..<144: putCode(UInt64(0x30 + symbol), count: 8)
        case ..<256: putCode(UInt64(0x190 + symbol - 144), count: 9)
        case ..<280: putCode(UInt64(symbol - 256), count: 7)
        default: putCode(UInt64(0xC0 + symbol - 280), count: 8)
        }
    }

    /// Codes go in with their highest bit first.
    private mutating func putCode(_ code: UInt64, count: UInt64) {
        var reversed: UInt64 = 0
        for bit in 0..<count { reversed |= (code >> bit & 1) << (count - 1 - bit) }
        put(reversed, count: count)
    }

    /// Numbers go in with their lowest bit first.
    private mutating func put(_ value: UInt64, count: UInt64) {
        bits |= value << bitCount
        bitCount += count
        while bitCount >= 8 {
            output.append(UInt8(truncatingIfNeeded: bits))
            bits >>= 8
            bitCount -= 8
        }
    }
}
