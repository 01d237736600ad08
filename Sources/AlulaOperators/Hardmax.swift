// SPDX-License-Identifier: Apache-2.0

/// `dst = 1 at the first largest element, 0 elsewhere` along an axis.
///
/// src: floating point, rank 1 or more; dst: the same. Source: ONNX Hardmax, opset 13, and earlier with
/// ``spansTrailingAxes``.
public struct Hardmax: NormalizingOperator {
    /// `Hardmax`.
    public static let name = "Hardmax"

    /// The axis; negative counts from the last.
    public var axis: Int
    /// Whether the axis and all that follow it are normalised together, as ONNX did before opset 13.
    public var spansTrailingAxes: Bool

    /// The operator with ONNX's default parameters unless given.
    public init(axis: Int = -1, spansTrailingAxes: Bool = false) {
        self.axis = axis
        self.spansTrailingAxes = spansTrailingAxes
    }

    /// The scalar definition, on one line.
    public func normalize(_ line: inout [Double]) {
        var position = 0
        for index in line.indices where line[index] > line[position] { position = index }
        for index in line.indices { line[index] = index == position ? 1 : 0 }
    }
}
