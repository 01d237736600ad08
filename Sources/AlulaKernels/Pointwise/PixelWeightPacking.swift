// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaTensor

/// How the weights of a product of pixels are packed: `[chunk, IC, blocks of the chunk, c]`, zero behind the last output.
struct PixelWeightPacking: Hashable, Sendable {
    /// Vectors of outputs in a chunk; the last chunk may have fewer.
    let blocks: Int
    let lanes: Int
    /// Whether weights come as `[IC, OC, …]`.
    let isTransposed: Bool

    /// Packs the weights `weight(output, channel)`.
    func packed(outputs: Int, channels: Int, _ weight: (_ output: Int, _ channel: Int) -> Float) -> Tensor {
        let blockCount = (outputs + lanes - 1) / lanes
        let packed = Tensor(zeros: .float32, shape: [blockCount * channels * lanes])
        var target = packed.mutableSpan(of: Float.self)
        for first in stride(from: 0, to: blockCount, by: blocks) {
            let width = min(blocks, blockCount - first) * lanes
            let start = first * channels * lanes
            for channel in 0..<channels {
                for lane in 0..<min(width, outputs - first * lanes) {
                    target[start + channel * width + lane] = weight(first * lanes + lane, channel)
                }
            }
        }
        return packed
    }
}

extension PixelProductDescriptor {
    private struct Key: Hashable, Sendable {
        let descriptor: PixelProductDescriptor
        let tile: PixelProductTile
    }

    /// The kernel for `tile`, compiled or taken from `cache`.
    func kernel(
        _ tile: PixelProductTile,
        target: VectorTarget?,
        cache: CodeCache
    ) throws(JITError) -> ExecutableKernel {
        try cache.kernel(for: Key(descriptor: self, tile: tile), target: target) { target in
            PixelProductGenerator.program(self, tile: tile, target: target)
        }
    }
}
