// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst[i] = 25/46 - 21/46·cos(2πi/n)`.
///
/// length: an int32 or int64 scalar; dst: as many numbers, see ``CosineWindowOperator``.
/// Source: ONNX HammingWindow, opset 17.
public struct HammingWindow: CosineWindowOperator {
    /// `HammingWindow`.
    public static let name = "HammingWindow"
    /// The terms of the sum.
    public static let coefficients: [Double] = [25.0 / 46, -21.0 / 46]

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
