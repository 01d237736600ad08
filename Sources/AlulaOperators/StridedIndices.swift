// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Walks all indices of a shape in row-major order, keeping up to three linear offsets with their own strides.
///
/// Scalar references use it for broadcasting, transposing and slicing: offsets are in elements.
public struct StridedIndices {
    private let shape: Shape
    private let strides: (first: [Int], second: [Int], third: [Int])
    private var index: [Int]

    /// Offset along the first, second and third strides at the current index.
    public private(set) var offsets: (first: Int, second: Int, third: Int)

    /// Starts at index zero. Stride arrays have the shape's rank; strides may be 0 (broadcast) or negative.
    public init(
        _ shape: Shape,
        first: [Int],
        second: [Int]? = nil,
        third: [Int]? = nil,
        startingAt offsets: (first: Int, second: Int, third: Int) = (0, 0, 0)
    ) {
        let none = [Int](repeating: 0, count: shape.rank)
        self.shape = shape
        strides = (first, second ?? none, third ?? none)
        index = none
        self.offsets = offsets
    }

    /// The current index along `axis`.
    public func index(along axis: Int) -> Int { index[axis] }

    /// Moves to the next index; after the last one, back to the first.
    public mutating func advance() {
        var axis = shape.rank - 1
        while axis >= 0 {
            index[axis] += 1
            offsets.first += strides.first[axis]
            offsets.second += strides.second[axis]
            offsets.third += strides.third[axis]
            if index[axis] < shape[axis] { return }
            offsets.first -= strides.first[axis] * shape[axis]
            offsets.second -= strides.second[axis] * shape[axis]
            offsets.third -= strides.third[axis] * shape[axis]
            index[axis] = 0
            axis -= 1
        }
    }
}
