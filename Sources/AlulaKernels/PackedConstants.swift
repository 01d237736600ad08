// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem
package import AlulaTensor

/// Constants rearranged for kernels, made once for an engine: instances for several shapes share them.
package final class PackedConstants: Sendable {
    private struct Key: Hashable {
        let address: UInt
        let packing: AnyHashable
    }

    /// The source is kept so that its address is not used again.
    private struct Entry {
        let source: Tensor
        let packed: Tensor
    }

    private struct Contents {
        var tensors: [Key: Entry] = [:]
        var arena = ConstantArena()
    }

    private let contents: Locked<Contents>

    /// An empty collection.
    package init() { contents = Locked(Contents()) }

    /// `constant` packed as `packing` describes; `pack` runs unless that was done before.
    ///
    /// - Parameter packing: everything besides the content that `pack` depends on.
    package func tensor(
        _ constant: Tensor,
        as packing: some Hashable & Sendable,
        pack: (Tensor) -> Tensor
    ) -> Tensor {
        let key = Key(address: constant.address, packing: AnyHashable(packing))
        if let known = contents.withLock({ $0.tensors[key] }) { return known.packed }
        let packed = pack(constant)
        return contents.withLock { contents in
            if let first = contents.tensors[key] { return first.packed }
            let kept = contents.arena.copy(packed)
            contents.tensors[key] = Entry(source: constant, packed: kept)
            return kept
        }
    }

    /// Bytes of all packed tensors.
    package var byteCount: Int { contents.withLock { $0.tensors.values.reduce(0) { $0 + $1.packed.byteCount } } }
}

/// Memory for constants that are kept together: they lie one behind the other in huge pages, so that a network that reads
/// all its weights once does not miss the translation of every page.
struct ConstantArena {
    private var chunk: AlignedAllocation?
    private var usedByteCount = 0
    /// The size of the next chunk: as much as there is, up to the largest.
    private var chunkByteCount = hugePageByteCount

    private static let hugePageByteCount = 2 << 20
    private static let largestChunkByteCount = 32 << 20

    /// `tensor` at a place of its own; where it is when there is no memory for another.
    mutating func copy(_ tensor: Tensor) -> Tensor {
        let byteCount = tensor.byteCount
        if chunk.map({ $0.byteCount - usedByteCount < byteCount }) ?? true {
            let pages = (max(byteCount, chunkByteCount) + Self.hugePageByteCount - 1) / Self.hugePageByteCount
            guard let added = try? AlignedAllocation(byteCount: pages * Self.hugePageByteCount) else { return tensor }
            chunk = added
            usedByteCount = 0
            chunkByteCount = min(Self.largestChunkByteCount, 2 * chunkByteCount)
        }
        guard let chunk else { return tensor }
        let region = chunk.region.slice(usedByteCount..<(usedByteCount + byteCount))
        region.copyBytes(from: tensor.bytes)
        let alignment = AlignedAllocation.alignmentByteCount
        usedByteCount += (byteCount + alignment - 1) / alignment * alignment
        let storage = region.withBytes { TensorStorage(viewing: $0, of: chunk) }
        return Tensor(dataType: tensor.dataType, shape: tensor.shape, storage: storage, byteOffset: 0) ?? tensor
    }
}
