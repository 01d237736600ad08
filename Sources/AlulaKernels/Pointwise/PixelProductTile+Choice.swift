// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

extension PixelProductTile {
    /// The tiles that fit, those with the lowest estimated cycles for an image first.
    ///
    /// - Parameters:
    ///   - chunkBlocks: the vectors of outputs in each chunk, for tiles of so many.
    static func ranked(
        _ descriptor: PixelProductDescriptor,
        rowCount: Int,
        _ target: VectorTarget,
        blockChoices: ClosedRange<Int>,
        chunkBlocks: (_ blocks: Int) -> [Int]
    ) -> [(tile: PixelProductTile, cycles: Double)] {
        let finishing = EpilogueEmitter.temporaryVectorCount(descriptor.epilogue, target: target)
        // Masks and sequences of several instructions take a register where masks are vectors.
        let spare = target.masksAreVectors ? 1 : 0
        var tiles: [(tile: PixelProductTile, cycles: Double)] = []
        for blocks in blockChoices {
            for pixels in 1...min(target.vectorRegisterCount, descriptor.rowPixelCount) {
                let tile = PixelProductTile(blocks: blocks, pixels: pixels)
                let accumulators = blocks * pixels
                let isFitting =
                    accumulators + tile.besides <= target.vectorRegisterCount
                    && accumulators + finishing + spare <= target.vectorRegisterCount
                guard isFitting else { break }
                if descriptor.destination != .blocked, pixels != min(target.lanes, descriptor.rowPixelCount) {
                    continue
                }
                let row = chunkBlocks(blocks).reduce(0) { sum, count in
                    sum + tile.rowCycles(count, descriptor, target.lanes)
                }
                tiles.append((tile, row * Double(rowCount)))
            }
        }
        return tiles.sorted { $0.cycles < $1.cycles }
    }

    /// Estimated cycles of a row for `count` vectors of outputs.
    private func rowCycles(_ count: Int, _ descriptor: PixelProductDescriptor, _ lanes: Int) -> Double {
        let (tiles, tail) = descriptor.rowPixelCount.quotientAndRemainder(dividingBy: pixels)
        func tile(_ pixels: Int) -> Double {
            if pixels == 0 { return 0 }
            let stores = Double(count * pixels) * (descriptor.destination == .blocked ? 1 : 5)
            return Double(descriptor.srcChannels) * Self.stepCycles(count, pixels, lanes) + stores
        }
        return Double(tiles) * tile(pixels) + tile(tail)
    }

    /// Estimated cycles of one src channel in a tile: two multiply-adds and two loads a cycle, a multiply-add chain of four
    /// cycles, weights from the second-level cache at 32 bytes a cycle; what comes on top is for loops and loads that wait.
    private static func stepCycles(_ blocks: Int, _ pixels: Int, _ lanes: Int) -> Double {
        let loads = Double(blocks + pixels)
        let weights = Double(blocks * lanes * 4) / 32
        return max(Double(blocks * pixels) / 2, loads / 2, 4, weights) + 0.2 + 0.03 * loads
    }
}
