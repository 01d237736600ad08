// SPDX-License-Identifier: Apache-2.0

/// One declared extent of a network input or output.
public enum Dimension: Sendable, Hashable, CustomStringConvertible {
    /// Always this extent.
    case fixed(Int)
    /// Decided when shapes are set; equal names mean equal extents. The empty name is unlike every other.
    case symbolic(String)

    /// The extent, if fixed.
    public var extent: Int? {
        if case .fixed(let extent) = self { extent } else { nil }
    }

    /// The number, or the symbol (`?` when it has no name).
    public var description: String {
        switch self {
        case .fixed(let extent): "\(extent)"
        case .symbolic(let name): name.isEmpty ? "?" : name
        }
    }
}

extension Dimension: ExpressibleByIntegerLiteral {
    /// A fixed extent.
    public init(integerLiteral value: Int) { self = .fixed(value) }
}
