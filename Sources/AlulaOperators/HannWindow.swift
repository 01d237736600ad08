// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst[i] = ½ - ½·cos(2πi/n)`.
///
/// length: an int32 or int64 scalar; dst: as many numbers, see ``CosineWindowOperator``.
/// Source: ONNX HannWindow, opset 17.
public struct HannWindow: CosineWindowOperator {
    /// `HannWindow`.
    public static let name = "HannWindow"
    /// The terms of the sum.
    public static let coefficients: [Double] = [0.5, -0.5]

    /// The output's element type, a number.
    public var dataType: DataType
    /// Whether the window repeats after its length, instead of being symmetric.
    public var isPeriodic: Bool

    /// The operator with ONNX's default parameters unless given.
    public init(dataType: DataType = .float32, isPeriodic: Bool = true) {
        self.dataType = dataType
        self.isPeriodic = isPeriodic
    }
}
