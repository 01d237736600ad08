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

    private let tensors: Locked<[Key: Entry]>

    /// An empty collection.
    package init() { tensors = Locked([:]) }

    /// `constant` packed as `packing` describes; `pack` runs unless that was done before.
    ///
    /// - Parameter packing: everything besides the content that `pack` depends on.
    package func tensor(
        _ constant: Tensor,
        as packing: some Hashable & Sendable,
        pack: (Tensor) -> Tensor
    ) -> Tensor {
        let key = Key(address: constant.address, packing: AnyHashable(packing))
        if let known = tensors.withLock({ $0[key] }) { return known.packed }
        let packed = pack(constant)
        return tensors.withLock { tensors in
            if let first = tensors[key] { return first.packed }
            tensors[key] = Entry(source: constant, packed: packed)
            return packed
        }
    }

    /// Bytes of all packed tensors.
    package var byteCount: Int { tensors.withLock { $0.values.reduce(0) { $0 + $1.packed.byteCount } } }
}
