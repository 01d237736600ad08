// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor

/// A 64-bit checksum over whole 32-byte stripes: XXH64 with seed 0.
///
/// Four independent lanes keep the multiplier busy, so that checking weights costs little more than reading them.
/// Source: the XXH64 specification (xxhash.com); sections of a plan are padded, so the short-tail rules are not needed.
struct PlanChecksum {
    private static let prime1: UInt64 = 11_400_714_785_074_694_791
    private static let prime2: UInt64 = 14_029_467_366_897_019_727
    private static let prime3: UInt64 = 1_609_587_929_392_839_161
    private static let prime4: UInt64 = 9_650_029_242_287_828_579
    private static let prime5: UInt64 = 2_870_177_450_012_600_261

    /// Bytes one step of the hash takes; all updates are multiples.
    static let stripeByteCount = 32

    private var lanes: SIMD4<UInt64> = [prime1 &+ prime2, prime2, 0, 0 &- prime1]
    private var byteCount: UInt64 = 0

    /// Adds the words of `words`, whose count is a multiple of four.
    mutating func update(_ words: Span<UInt64>) {
        precondition(words.count % 4 == 0, "\(words.count) words are not whole stripes")
        var (lane0, lane1, lane2, lane3) = (lanes[0], lanes[1], lanes[2], lanes[3])
        var index = 0
        while index < words.count {
            lane0 = Self.round(lane0, words[index])
            lane1 = Self.round(lane1, words[index + 1])
            lane2 = Self.round(lane2, words[index + 2])
            lane3 = Self.round(lane3, words[index + 3])
            index += 4
        }
        lanes = [lane0, lane1, lane2, lane3]
        byteCount &+= UInt64(words.count * 8)
    }

    /// The checksum of everything added so far.
    var value: UInt64 {
        var hash = Self.prime5
        if byteCount > 0 {
            hash =
                Self.rotate(lanes[0], 1) &+ Self.rotate(lanes[1], 7) &+ Self.rotate(lanes[2], 12)
                &+ Self.rotate(lanes[3], 18)
            for lane in 0..<4 {
                hash = (hash ^ Self.round(0, lanes[lane])) &* Self.prime1 &+ Self.prime4
            }
        }
        hash &+= byteCount
        hash = (hash ^ (hash >> 33)) &* Self.prime2
        hash = (hash ^ (hash >> 29)) &* Self.prime3
        return hash ^ (hash >> 32)
    }

    @inline(__always)
    private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
        rotate(lane &+ word &* prime2, 31) &* prime1
    }

    @inline(__always)
    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        value &<< count | value &>> (64 &- count)
    }
}

extension PlanChecksum {
    /// Adds the bytes of `bytes` (uint8, contiguous), followed by zeros up to a multiple of `paddingByteCount`.
    mutating func update(_ bytes: Tensor, paddedTo paddingByteCount: Int) {
        let wholeByteCount = bytes.byteCount / Self.stripeByteCount * Self.stripeByteCount
        let words = Tensor(
            dataType: .uint64,
            shape: [wholeByteCount / 8],
            storage: bytes.storage,
            byteOffset: bytes.byteOffset
        )
        if let words {
            update(words.span(of: UInt64.self))
            updateTail(bytes, from: wholeByteCount, paddedTo: paddingByteCount)
        } else {
            updateTail(bytes, from: 0, paddedTo: paddingByteCount)
        }
    }

    /// Adds what is left from byte `start` through an aligned buffer: the tail, or all of an unaligned tensor.
    private mutating func updateTail(_ bytes: Tensor, from start: Int, paddedTo paddingByteCount: Int) {
        let bufferByteCount = 1 << 16
        let end = bytes.byteCount.roundedUp(toMultipleOf: paddingByteCount)
        var position = start
        while position < end {
            let chunkByteCount = min(bufferByteCount, end - position)
            let filledByteCount = max(0, min(chunkByteCount, bytes.byteCount - position))
            let buffer = Tensor(zeros: .uint64, shape: [chunkByteCount / 8])
            let target = Tensor(
                dataType: .uint8,
                shape: [filledByteCount],
                storage: buffer.storage,
                byteOffset: 0
            )
            let source = Tensor(
                dataType: .uint8,
                shape: [filledByteCount],
                storage: bytes.storage,
                byteOffset: bytes.byteOffset + min(position, bytes.byteCount)
            )
            if let target, let source { target.copyElements(from: source) }
            update(buffer.span(of: UInt64.self))
            position += chunkByteCount
        }
    }
}

extension Int {
    /// The smallest multiple of `unit` that is not below this number.
    func roundedUp(toMultipleOf unit: Int) -> Int { (self + unit - 1) / unit * unit }
}
