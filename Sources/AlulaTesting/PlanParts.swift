// SPDX-License-Identifier: Apache-2.0

/// A plan file taken apart, so that tests can damage a section and put valid lengths and checksums around it.
///
/// Written from the format's description, independently of the module that reads and writes plans.
package struct PlanParts {
    private var header: [UInt8]
    /// Bindings, values and steps, with their padding.
    package var description: [UInt8]
    /// The content of constants.
    package var weights: [UInt8]

    /// Takes a whole plan file apart.
    package init(_ file: [UInt8]) {
        header = Array(file[..<256])
        let start = Int(Self.word(file[32..<40])) + 256
        description = Array(file[256..<start])
        weights = Array(file[start...])
    }

    /// The file, with lengths and checksums that fit its content.
    package var sealed: [UInt8] {
        var file = header
        let description = Self.padded(description)
        let weights = Self.padded(weights)
        let end = 256 + description.count + weights.count
        let words: [(Int, UInt64)] = [
            (16, UInt64(end)), (24, 256), (32, UInt64(description.count)), (40, Self.xxh64(description)),
            (48, UInt64(256 + description.count)), (56, UInt64(weights.count)), (64, Self.xxh64(weights)),
        ]
        for (offset, value) in words { Self.store(value, at: offset, in: &file) }
        Self.store(Self.xxh64(Array(file[..<224])), at: 224, in: &file)
        return file + description + weights
    }

    private static func padded(_ bytes: [UInt8]) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: (256 - bytes.count % 256) % 256)
    }

    private static func store(_ value: UInt64, at offset: Int, in bytes: inout [UInt8]) {
        for index in 0..<8 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }

    /// The little-endian number in eight bytes.
    package static func word(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// XXH64, seed 0, of whole 32-byte stripes, from the specification.
    package static func xxh64(_ bytes: [UInt8]) -> UInt64 {
        let primes: [UInt64] = [
            0x9E37_79B1_85EB_CA87, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9, 0x85EB_CA77_C2B2_AE63,
            0x27D4_EB2F_1656_67C5,
        ]
        func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 { (value << count) | (value >> (64 - count)) }
        func round(_ lane: UInt64, _ word: UInt64) -> UInt64 { rotate(lane &+ word &* primes[1], 31) &* primes[0] }
        var lanes = [primes[0] &+ primes[1], primes[1], 0, 0 &- primes[0]]
        for start in stride(from: 0, to: bytes.count, by: 32) {
            for lane in 0..<4 {
                lanes[lane] = round(lanes[lane], word(bytes[start + 8 * lane..<start + 8 * lane + 8]))
            }
        }
        var hash = primes[4]
        if !bytes.isEmpty {
            hash = rotate(lanes[0], 1) &+ rotate(lanes[1], 7) &+ rotate(lanes[2], 12) &+ rotate(lanes[3], 18)
            for lane in lanes { hash = (hash ^ round(0, lane)) &* primes[0] &+ primes[3] }
        }
        hash &+= UInt64(bytes.count)
        hash = (hash ^ (hash >> 33)) &* primes[1]
        hash = (hash ^ (hash >> 29)) &* primes[2]
        return hash ^ (hash >> 32)
    }
}
