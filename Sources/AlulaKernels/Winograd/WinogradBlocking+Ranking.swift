// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators

/// Which blockings are worth timing.
extension WinogradBlocking {
    /// For tactics: algorithm, register tile, tiles and panels of a part.
    var name: String {
        "\(variant.rawValue) \(dstBlocks)x\(width) \(tilesPerPart)x\(panelsPerPart)"
    }

    /// The blockings expected to be quickest with their estimated cycles on one thread, best first: for each algorithm a few
    /// register tiles, for each of those a few ways to cut parts.
    static func ranked(
        _ descriptor: WinogradDescriptor,
        _ target: VectorTarget
    ) -> [(blocking: WinogradBlocking, cycles: Double)] {
        let kept: [(variant: WinogradVariant, tiles: Int, cuts: Int)] = [(.f4, 3, 2), (.f2, 1, 2)]
        return kept.flatMap { kept -> [(blocking: WinogradBlocking, cycles: Double)] in
            let byTile = registerTiles(descriptor, target).map { tile in
                cuts(descriptor, kept.variant, tile, target)
                    .map { (blocking: $0, cycles: $0.cycles(descriptor, target)) }
                    .sorted { $0.cycles < $1.cycles }
                    .prefix(kept.cuts)
            }
            return byTile.sorted { ($0.first?.cycles ?? .infinity) < ($1.first?.cycles ?? .infinity) }
                .prefix(kept.tiles)
                .flatMap { $0 }
        }.sorted { $0.cycles < $1.cycles }
    }

    private typealias RegisterTile = (dstBlocks: Int, width: Int)

    /// Register tiles that fill most of the register file.
    private static func registerTiles(_ descriptor: WinogradDescriptor, _ target: VectorTarget) -> [RegisterTile] {
        let blocks = descriptor.dstBlockCount(lanes: target.lanes)
        return (1...min(4, blocks)).flatMap { dstBlocks -> [RegisterTile] in
            let widest = (target.vectorRegisterCount - dstBlocks - 1) / dstBlocks
            return (max(1, widest * 2 / 3)...widest).map { (dstBlocks, $0) }
        }
    }

    /// Ways to cut parts: from one register tile up to all tiles, all panels or, where tiles are few, some of them.
    private static func cuts(
        _ descriptor: WinogradDescriptor,
        _ variant: WinogradVariant,
        _ tile: RegisterTile,
        _ target: VectorTarget
    ) -> [WinogradBlocking] {
        let extent = variant.dstExtent
        let tileCount =
            descriptor.batch * ((descriptor.rows.dstExtent + extent - 1) / extent)
            * ((descriptor.columns.dstExtent + extent - 1) / extent)
        let panelCount = (descriptor.dstBlockCount(lanes: target.lanes) + tile.dstBlocks - 1) / tile.dstBlocks
        let tilesPerPart = Set([1, 2, 3, 4, 6, 8].map { min($0 * tile.width, tileCount) })
        let panelsPerPart = Set([1, 2, 4].map { (panelCount + $0 - 1) / $0 })
        return tilesPerPart.sorted().flatMap { tiles in
            panelsPerPart.sorted().map { panels in
                WinogradBlocking(
                    variant,
                    dstBlocks: tile.dstBlocks,
                    width: tile.width,
                    tilesPerPart: tiles,
                    panelsPerPart: panels
                )
            }
        }
    }

    // MARK: Cost

    /// Estimated cycles of all parts on one thread, for parts that two threads can share evenly.
    private func cycles(_ descriptor: WinogradDescriptor, _ target: VectorTarget) -> Double {
        let layout = WinogradLayout(descriptor, self, lanes: target.lanes)
        let schedule = WinogradSchedule(descriptor, self, panelCount: layout.panels.count)
        let tileCount = Double(schedule.tileCount)
        let srcPasses = Double((layout.panels.count + panelsPerPart - 1) / panelsPerPart)
        let tileParts = Double((schedule.tileCount + tilesPerPart - 1) / tilesPerPart)
        let transforms =
            tileCount * Double(layout.srcBlockCount) * srcPasses * Self.transformCycles(variant)
            + tileCount * Double(layout.dstBlockCount) * Self.transformCycles(variant)
        let weights = tileParts * Double(layout.weightByteCount) / weightBytesPerCycle(layout)
        let total = max(multiplyCycles(layout, schedule), weights) + weights / 4 + transforms
        // The slower of two threads decides.
        let parts = Double(schedule.partCount)
        return total * (parts / 2).rounded(.up) * 2 / parts
    }

    /// Of all products.
    private func multiplyCycles(_ layout: WinogradLayout, _ schedule: WinogradSchedule) -> Double {
        func tiles(_ count: Int, _ blocks: Int) -> Double {
            let (groups, rest) = count.quotientAndRemainder(dividingBy: width)
            return Double(groups) * Self.stepCycles(blocks, width, layout.lanes)
                + (rest > 0 ? Self.stepCycles(blocks, rest, layout.lanes) : 0)
        }
        let (parts, rest) = schedule.tileCount.quotientAndRemainder(dividingBy: tilesPerPart)
        let steps = layout.panels.reduce(0) { sum, blocks in
            sum + Double(parts) * tiles(tilesPerPart, blocks) + tiles(rest, blocks)
        }
        return steps * Double(layout.planeCount * layout.srcChannels)
    }

    /// Estimated cycles of one src channel in a register tile: two multiply-adds and two loads a cycle, a multiply-add chain
    /// of four cycles; what comes on top is fitted to measurements.
    private static func stepCycles(_ blocks: Int, _ width: Int, _ lanes: Int) -> Double {
        let loads = Double(blocks + width)
        let weights = Double(blocks * lanes * 4) / 32
        return max(Double(blocks * width) / 2, loads / 2, 4, weights) + 0.3 + 0.05 * loads
    }

    /// Measured, per tile and block of channels: mostly memory traffic.
    private static func transformCycles(_ variant: WinogradVariant) -> Double { variant == .f4 ? 200 : 60 }

    /// Weights that do not stay in the second-level cache come from the third.
    private func weightBytesPerCycle(_ layout: WinogradLayout) -> Double {
        layout.weightByteCount + layout.scratchByteCount <= 3 << 19 ? 32 : 8
    }
}
