// SPDX-License-Identifier: Apache-2.0

/// The extents of a tensor, outermost first, in elements.
///
/// A scalar has rank 0 and one element. Extents are never negative.
public struct Shape: Sendable, Hashable {
    /// The extents, outermost first.
    public let extents: [Int]

    /// A shape with the given extents.
    ///
    /// - Precondition: no extent is negative. Readers of untrusted files check with ``init(checking:)`` instead.
    public init(_ extents: [Int]) {
        precondition(extents.allSatisfy { $0 >= 0 }, "negative extent in \(extents)")
        self.extents = extents
    }

    /// A shape from untrusted extents; nil when one is negative or the element count does not fit 48 bits.
    public init?(checking extents: [Int]) {
        var count = 1
        for extent in extents {
            guard extent >= 0, extent < 1 << 48 else { return nil }
            let (product, overflow) = count.multipliedReportingOverflow(by: Swift.max(extent, 1))
            guard !overflow, product < 1 << 48 else { return nil }
            count = product
        }
        self.extents = extents
    }

    /// The shape of a scalar.
    public static let scalar = Shape([])

    /// The number of extents.
    public var rank: Int { extents.count }

    /// The number of elements: the product of the extents, 1 for a scalar.
    public var elementCount: Int { elementCount(in: 0..<rank) }

    /// Row-major strides, in elements.
    public var contiguousStrides: [Int] {
        var strides = [Int](repeating: 1, count: rank)
        for axis in stride(from: rank - 2, through: 0, by: -1) {
            strides[axis] = strides[axis + 1] * extents[axis + 1]
        }
        return strides
    }

    /// The product of the extents in `range`, 1 when it is empty.
    public func elementCount(in range: Range<Int>) -> Int {
        var count = 1
        for axis in range { count *= extents[axis] }
        return count
    }

    /// Maps a possibly negative axis to `0..<rank`; nil when it is outside `-rank..<rank`.
    public func normalizedAxis(_ axis: Int) -> Int? {
        let normalized = axis < 0 ? axis + rank : axis
        return (0..<rank).contains(normalized) ? normalized : nil
    }
}

extension Shape: RandomAccessCollection, ExpressibleByArrayLiteral, CustomStringConvertible {
    /// A shape from literal extents.
    public init(arrayLiteral elements: Int...) { self.init(elements) }
    /// Always 0.
    public var startIndex: Int { 0 }
    /// The rank.
    public var endIndex: Int { extents.count }
    /// The extent of `axis`.
    public subscript(axis: Int) -> Int { extents[axis] }
    /// The extents in brackets, e.g. `[1, 64, 496, 432]`.
    public var description: String { "\(extents)" }
}

extension Shape {
    /// The shape two operands broadcast to by ONNX's (NumPy's) multidirectional rule; nil when they do not, or to more
    /// elements than ``init(checking:)`` allows.
    public func broadcast(with other: Shape) -> Shape? {
        let rank = Swift.max(rank, other.rank)
        var extents = [Int](repeating: 1, count: rank)
        for axis in 0..<rank {
            let left = axis - (rank - self.rank) >= 0 ? self[axis - (rank - self.rank)] : 1
            let right = axis - (rank - other.rank) >= 0 ? other[axis - (rank - other.rank)] : 1
            guard left == right || left == 1 || right == 1 else { return nil }
            extents[axis] = left == 1 ? right : left
        }
        return Shape(checking: extents)
    }

    /// Strides, in elements, with which a contiguous tensor of this shape is read as if it had shape `target`:
    /// 0 along broadcast axes. `target` must be a shape this one broadcasts to.
    public func broadcastStrides(to target: Shape) -> [Int] {
        let own = contiguousStrides
        let shift = target.rank - rank
        return (0..<target.rank).map { axis in
            axis < shift || extents[axis - shift] == 1 ? 0 : own[axis - shift]
        }
    }
}
