// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT

/// Generates a change between planar and blocked layout for blocks of `channels` channels, square by square.
///
/// `blocked[block, p, lane] = planar[block·c + lane, p]`: `c` positions of `c` channels are loaded, transposed in
/// registers and stored, so that every access is a whole vector on both sides. Positions left over at the end of a plane
/// are masked on the planar side and left out on the blocked one.
package struct ReorderGenerator {
    private let jit: KernelBuilder
    private let descriptor: ReorderDescriptor
    /// Channels of each block; fewer than lanes only in the last.
    private let channels: Int
    private let planar: IntegerVariable
    private let blocked: IntegerVariable

    /// The program for blocks of `channels` channels.
    package static func program(
        _ descriptor: ReorderDescriptor,
        channels: Int,
        target: VectorTarget
    ) -> KernelProgram {
        let generator = ReorderGenerator(descriptor, channels, target)
        generator.generate()
        return generator.jit.finish()
    }

    private init(_ descriptor: ReorderDescriptor, _ channels: Int, _ target: VectorTarget) {
        jit = KernelBuilder(name: "f32_reorder_\(descriptor.direction)_\(channels)x\(target.lanes)", target: target)
        self.descriptor = descriptor
        self.channels = channels
        planar = jit.integer("planar")
        blocked = jit.integer("blocked")
    }

    private func generate() {
        typealias Fields = MemoryLayout<ReorderArguments>
        let planarBlock = jit.argument("planar block", at: Fields.offset(of: \.planar))
        let blockedBlock = jit.argument("blocked block", at: Fields.offset(of: \.blocked))
        let blockCount = jit.argument("blocks", at: Fields.offset(of: \.blockCount))
        jit.loop("blocks left", count: blockCount) { _ in
            jit.set(planar, to: planarBlock)
            jit.set(blocked, to: blockedBlock)
            jit.loop("tiles left", count: jit.argument("tiles", at: Fields.offset(of: \.tileCount))) { _ in
                moveTile(positions: jit.lanes)
                jit.advance(planar, by: jit.vectorByteCount)
                jit.advance(blocked, by: jit.lanes * jit.vectorByteCount)
            }
            let tail = descriptor.positions % jit.lanes
            if tail > 0 {
                jit.loop("tails left", count: jit.argument("tails", at: Fields.offset(of: \.tailCount))) { _ in
                    moveTile(positions: tail)
                }
            }
            jit.advance(planarBlock, by: jit.lanes * planeByteCount)
            jit.advance(blockedBlock, by: jit.lanes * planeByteCount)
        }
    }

    private var planeByteCount: Int { descriptor.positions * 4 }

    private func moveTile(positions: Int) {
        let mask = positions < jit.lanes ? mask(below: positions) : nil
        switch descriptor.direction {
        case .toBlocked:
            let rows = square(channels) { jit.load($1, from: planar[$0 * planeByteCount], where: mask) }
            for (position, column) in jit.transposed(rows).prefix(positions).enumerated() {
                jit.store(column, to: blocked[position * jit.vectorByteCount])
            }
        case .toPlanar:
            let columns = square(positions) { jit.load($1, from: blocked[$0 * jit.vectorByteCount]) }
            for (channel, row) in jit.transposed(columns).prefix(channels).enumerated() {
                jit.store(row, to: planar[channel * planeByteCount], where: mask)
            }
        }
    }

    /// As many vectors as lanes: the first `count` made by `load`, the others zero.
    private func square(_ count: Int, _ load: (Int, FloatVector) -> Void) -> [FloatVector] {
        let loaded = (0..<count).map { index in
            let vector = jit.floats("vector[\(index)]")
            load(index, vector)
            return vector
        }
        guard count < jit.lanes else { return loaded }
        let zero = jit.floats("zero")
        jit.set(zero, to: 0)
        return loaded + Array(repeating: zero, count: jit.lanes - count)
    }

    private func mask(below count: Int) -> LaneMask {
        let mask = jit.mask("first \(count)")
        jit.lanesBelow(mask, jit.integer("positions", count))
        return mask
    }
}
