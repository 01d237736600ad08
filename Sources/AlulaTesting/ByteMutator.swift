// SPDX-License-Identifier: Apache-2.0

/// Damages files the way disks, networks and attackers do, reproducibly.
package struct ByteMutator {
    private var random: SeededRandom

    /// A mutator; equal seeds give equal mutations.
    package init(seed: UInt64) { random = SeededRandom(seed: seed) }

    /// A mutation of `bytes`: half of the time one or two bytes change in place, which keeps most files readable and
    /// their content wrong; otherwise one to eight changes of any kind, some of which take bytes of `other`.
    package mutating func mutate(_ bytes: [UInt8], other: [UInt8]) -> [UInt8] {
        var mutated = bytes
        guard Bool.random(using: &random) else {
            for _ in 0..<Int.random(in: 1...2, using: &random) where !mutated.isEmpty { changeInPlace(&mutated) }
            return mutated
        }
        for _ in 0..<(1 << Int.random(in: 0...3, using: &random)) where !mutated.isEmpty { step(&mutated, other) }
        return mutated
    }

    private mutating func step(_ bytes: inout [UInt8], _ other: [UInt8]) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<9, using: &random) {
        case 0...3: changeInPlace(&bytes)
        case 4: bytes.removeLast(bytes.count - place)
        case 5:
            // A splice: what follows comes from another file.
            guard !other.isEmpty else { return }
            let source = Int.random(in: 0..<other.count, using: &random)
            bytes.replaceSubrange(place..., with: other[source...])
        case 6:
            let varint: [UInt8] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]
            let kept = Int.random(in: 1...varint.count, using: &random)
            bytes.insert(contentsOf: varint.suffix(kept), at: place)
        case 7:
            let end = min(bytes.count, place + Int.random(in: 1...32, using: &random))
            bytes.removeSubrange(place..<end)
        default:
            let end = min(bytes.count, place + Int.random(in: 1...64, using: &random))
            bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &random))
        }
    }

    private mutating func changeInPlace(_ bytes: inout [UInt8]) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
        // A length, count or extent: the numbers at the edges of their types.
        case 2: bytes[place] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
        default: bytes[place] = bytes[place] &+ (Bool.random(using: &random) ? 1 : 255)
        }
    }
}
