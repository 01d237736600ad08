// SPDX-License-Identifier: Apache-2.0

/// Where a part's intermediate values lie in its scratch memory, and how packed weights lie; distances in bytes.
///
/// - Transformed src, `[plane, group, IC/c, tiles of the group, c]`: what a register tile multiplies is one stretch.
/// - Products, `[plane, tile, blocks of the panel, c]`.
/// - Packed weights, `[panel, plane, IC, blocks of the panel, c]`: read front to back, once a part.
///
/// Planes are an odd number of cache lines apart, so that the 36 streams a transform writes fall into different sets.
struct WinogradLayout: Hashable, Sendable {
    let lanes: Int
    let planeCount: Int
    let srcChannels: Int
    let srcBlockCount: Int
    let dstBlockCount: Int
    /// Dst blocks of every panel, the last maybe narrower.
    let panels: [Int]
    /// Winograd tiles of a part, and of a register tile.
    let tilesPerPart: Int
    let width: Int
    let srcPlaneByteCount: Int
    let dstPlaneByteCount: Int

    init(_ descriptor: WinogradDescriptor, _ blocking: WinogradBlocking, lanes: Int) {
        self.lanes = lanes
        planeCount = blocking.variant.planeCount
        srcChannels = descriptor.srcChannels
        srcBlockCount = descriptor.srcBlockCount(lanes: lanes)
        dstBlockCount = descriptor.dstBlockCount(lanes: lanes)
        let blockCount = dstBlockCount
        panels = stride(from: 0, to: blockCount, by: blocking.dstBlocks).map {
            min(blocking.dstBlocks, blockCount - $0)
        }
        tilesPerPart = blocking.tilesPerPart
        width = blocking.width
        srcPlaneByteCount = Self.oddLines(tilesPerPart * srcBlockCount * lanes * 4)
        dstPlaneByteCount = Self.oddLines(tilesPerPart * blocking.dstBlocks * lanes * 4)
    }

    private static func oddLines(_ byteCount: Int) -> Int { ((byteCount + 63) / 64 | 1) * 64 }

    var vectorByteCount: Int { lanes * 4 }
    /// Transformed src of a part.
    var srcByteCount: Int { planeCount * srcPlaneByteCount }
    /// Products of a panel.
    var dstByteCount: Int { planeCount * dstPlaneByteCount }
    /// Register tiles a plane of a part takes.
    var groupCount: Int { (tilesPerPart + width - 1) / width }
    /// Addresses for ``WinogradMultiplyArguments/strips``.
    var stripsByteCount: Int { planeCount * groupCount * MemoryLayout<Int>.stride }
    /// Scratch of a part.
    var scratchByteCount: Int { srcByteCount + dstByteCount + stripsByteCount }

    /// Of the weights of a panel of `blocks` blocks for one plane.
    func weightPlaneByteCount(blocks: Int) -> Int { srcChannels * blocks * vectorByteCount }

    /// Where the weights of panel `index` start.
    func weightPanelByteOffset(_ index: Int) -> Int {
        index * planeCount * weightPlaneByteCount(blocks: panels[0])
    }

    /// All packed weights.
    var weightByteCount: Int { planeCount * weightPlaneByteCount(blocks: panels.reduce(0, +)) }
}
