// SPDX-License-Identifier: Apache-2.0

/// `dst = ` the position of the smallest element along an axis.
///
/// src: numeric; dst: int64, see ``ExtremeIndexOperator`` for its shape and for ties. Source: ONNX ArgMin, opset 13.
public struct ArgMin: ExtremeIndexOperator {
    /// `ArgMin`.
    public static let name = "ArgMin"
    /// False.
    public static let isMaximum = false

    /// The axis; negative counts from the last.
    public var axis: Int
    /// Whether the axis stays, with extent 1.
    public var keepsDimensions: Bool
    /// Whether the last of equal elements is taken.
    public var selectsLast: Bool

    /// The operator with ONNX's default parameters unless given.
    public init(axis: Int = 0, keepsDimensions: Bool = true, selectsLast: Bool = false) {
        self.axis = axis
        self.keepsDimensions = keepsDimensions
        self.selectsLast = selectsLast
    }
}
