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
        if let known = known(key) { return known }
        let made = pack(constant)
        let place = place(for: made.shape, made.dataType)
        place.copyBytes(from: made.bytes)
        return keep(place, of: constant, key)
    }

    /// `constant` packed as `packing` describes, written by `pack` to a tensor of float32 of `shape`, which has any content
    /// before; `pack` runs unless that was done before.
    package func tensor(
        _ constant: Tensor,
        as packing: some Hashable & Sendable,
        shape: Shape,
        pack: (_ constant: Tensor, _ place: Tensor) -> Void
    ) -> Tensor {
        let key = Key(address: constant.address, packing: AnyHashable(packing))
        if let known = known(key) { return known }
        let place = place(for: shape, .float32)
        pack(constant, place)
        return keep(place, of: constant, key)
    }

    private func known(_ key: Key) -> Tensor? { contents.withLock { $0.tensors[key]?.packed } }

    /// Memory is written, and its pages made, outside the lock.
    private func place(for shape: Shape, _ dataType: DataType) -> Tensor {
        contents.withLock { $0.arena.tensor(dataType, shape) }
    }

    /// Of two threads that pack the same, the first wins.
    private func keep(_ packed: Tensor, of source: Tensor, _ key: Key) -> Tensor {
        contents.withLock { contents in
            if let first = contents.tensors[key] { return first.packed }
            contents.tensors[key] = Entry(source: source, packed: packed)
            return packed
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

    /// A tensor at a place of its own, with any content; on the heap when there is no memory for another chunk.
    mutating func tensor(_ dataType: DataType, _ shape: Shape) -> Tensor {
        let byteCount = shape.elementCount * dataType.byteCount
        if chunk.map({ $0.byteCount - usedByteCount < byteCount }) ?? true {
            let pages = (max(byteCount, chunkByteCount) + Self.hugePageByteCount - 1) / Self.hugePageByteCount
            chunk = try? AlignedAllocation(byteCount: pages * Self.hugePageByteCount)
            usedByteCount = 0
            chunkByteCount = min(Self.largestChunkByteCount, 2 * chunkByteCount)
        }
        guard let chunk else { return Tensor(uninitialized: dataType, shape: shape) }
        let region = chunk.region.slice(usedByteCount..<(usedByteCount + byteCount))
        let alignment = AlignedAllocation.alignmentByteCount
        usedByteCount += (byteCount + alignment - 1) / alignment * alignment
        let storage = region.withBytes { TensorStorage(viewing: $0, of: chunk) }
        return Tensor(dataType: dataType, shape: shape, storage: storage, byteOffset: 0)
            ?? Tensor(uninitialized: dataType, shape: shape)
    }
}
