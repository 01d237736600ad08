// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst[i] = 0.42 - ½·cos(2πi/n) + 0.08·cos(4πi/n)`.
///
/// length: an int32 or int64 scalar; dst: as many numbers, see ``CosineWindowOperator``.
/// Source: ONNX BlackmanWindow, opset 17.
public struct BlackmanWindow: CosineWindowOperator {
    /// `BlackmanWindow`.
    public static let name = "BlackmanWindow"
    /// The terms of the sum.
    public static let coefficients: [Double] = [0.42, -0.5, 0.08]

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
