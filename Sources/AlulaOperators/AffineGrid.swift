// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst[n, y, x] = transforms[n]·(x̂, ŷ, 1)` with grid positions spread evenly over `-1…1`; in three dimensions alike.
///
/// transforms: floating point `[N, 2, 3]` or `[N, 3, 4]`; extents: int64 `[N, C, H, W]` or `[N, C, D, H, W]`; dst:
/// `[N, H, W, 2]` or `[N, D, H, W, 3]`, innermost coordinate first. -1 and 1 are the centres of the outermost positions if
/// corners are aligned, otherwise their outer edges; a single position is 0. Source: ONNX AffineGrid, opset 20.
public struct AffineGrid: Operator {
    /// `AffineGrid`.
    public static let name = "AffineGrid"

    /// Whether -1 and 1 are centres of positions.
    public var alignsCorners: Bool

    /// The operator.
    public init(alignsCorners: Bool = false) { self.alignsCorners = alignsCorners }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        alignsCorners = try attributes.bool("alignsCorners", for: Self.name)
    }

    /// `alignsCorners`.
    public var attributes: Attributes { ["alignsCorners": .integer(alignsCorners ? 1 : 0)] }

    /// One position a grid point.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        try inputs.require(.floats, of: 0)
        try inputs.require([.int64], of: 1)
        let transforms = try inputs.required(0).type
        let extents = try inputs.integers(1)
        let axes = extents.count - 2
        guard axes == 2 || axes == 3, let grid = Shape(checking: [extents[0]] + extents.dropFirst(2) + [axes]) else {
            throw .invalidValue(operator: Self.name, input: 1, got: "\(extents)", expected: "four or five extents")
        }
        guard transforms.shape == [extents[0], axes, axes + 1] else {
            throw .shapeMismatch(
                operator: Self.name,
                input: 0,
                got: transforms.shape,
                expected: "[\(extents[0]), \(axes), \(axes + 1)]"
            )
        }
        return [TensorType(transforms.dataType, grid)]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let transforms = inputs.operand(0)?.doubles(), let dst = outputs.operand(0),
            let type = dst.dataType.floatElementType
        else { return }
        let axes = dst.shape.rank - 2
        var grid = [Double](repeating: 0, count: dst.elementCount)
        var indices = StridedIndices(Shape(dst.shape.dropLast()), first: [Int](repeating: 0, count: axes + 1))
        for point in 0..<(axes == 0 ? 0 : dst.elementCount / axes) {
            for row in 0..<axes {
                let first = (indices.index(along: 0) * axes + row) * (axes + 1)
                var sum = transforms[first + axes]
                for column in 0..<axes {
                    let axis = axes - column
                    let coordinate = position(indices.index(along: axis), of: dst.shape[axis])
                    sum += transforms[first + column] * coordinate
                }
                grid[point * axes + row] = sum
            }
            indices.advance()
        }
        func run<T: FloatElement>(_: T.Type) { write(grid, to: dst) { T($0) } }
        run(type)
    }

    private func position(_ index: Int, of extent: Int) -> Double {
        guard alignsCorners else { return Double(2 * index + 1) / Double(extent) - 1 }
        return extent == 1 ? 0 : 2 * Double(index) / Double(extent - 1) - 1
    }

    /// A product and a sum for every coordinate of every coordinate.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        guard let shape = outputs.first?.shape, let axes = shape.last else { return 0 }
        return 2 * axes * shape.elementCount
    }
}
