// SPDX-License-Identifier: Apache-2.0

/// The order in which a tensor's elements lie in memory.
///
/// A layout is no part of a tensor's type: operators and plans speak of `[N, C, H, W]`; only kernels and the memory they
/// share know how the elements are stored.
package enum TensorLayout: Sendable, Hashable {
    /// Row-major, as in a model.
    case planar
    /// `[N, ⌈C/c⌉, spatial…, c]` with `c = lanes`: the channels of one position lie side by side, a vector at a time.
    ///
    /// What lies behind the last channel is finite and without meaning.
    case blocked(lanes: Int)

    /// The shape the elements are stored in; planar for tensors without a channel axis.
    package func storedShape(_ shape: Shape) -> Shape {
        guard case .blocked(let lanes) = self, shape.rank >= 2 else { return shape }
        let blocks = (shape[1] + lanes - 1) / lanes
        return Shape([shape[0], blocks] + shape.extents.dropFirst(2) + [lanes])
    }

    /// The type of the stored elements.
    package func storedType(_ type: TensorType) -> TensorType { TensorType(type.dataType, storedShape(type.shape)) }

    /// Planar where that is the same order in memory: whole blocks at a single position.
    package func normalized(for shape: Shape) -> TensorLayout {
        guard case .blocked(let lanes) = self else { return .planar }
        guard shape.rank >= 2 else { return .planar }
        let isSinglePosition = shape.elementCount(in: 2..<shape.rank) == 1
        return isSinglePosition && shape[1] % lanes == 0 ? .planar : self
    }
}

extension TensorLayout: CustomStringConvertible {
    /// `planar`, or for example `blocked16`.
    package var description: String {
        switch self {
        case .planar: "planar"
        case .blocked(let lanes): "blocked\(lanes)"
        }
    }
}
