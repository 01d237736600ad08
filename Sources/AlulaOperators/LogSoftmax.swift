// SPDX-License-Identifier: Apache-2.0

/// `dst = src - ln(Σ eˢʳᶜ)` along an axis.
///
/// src: floating point, rank 1 or more; dst: the same. Source: ONNX LogSoftmax, opset 13, and earlier with
/// ``spansTrailingAxes``.
public struct LogSoftmax: NormalizingOperator {
    /// `LogSoftmax`.
    public static let name = "LogSoftmax"

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
        var largest = -Double.infinity
        for x in line where x > largest || x.isNaN { largest = x }
        var sum = 0.0
        for x in line { sum += ElementaryFunctions.exp(x - largest) }
        let shift = ElementaryFunctions.log(sum)
        for index in line.indices { line[index] = (line[index] - largest) - shift }
    }
}
