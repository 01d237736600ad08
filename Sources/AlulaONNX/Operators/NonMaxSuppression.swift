// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX NonMaxSuppression, opset 10, 11.
@Sendable
func importNonMaxSuppression(_ context: inout ImportContext) throws(ImportError) {
    context.emit(NonMaxSuppression(isCentered: try context.bool("center_point_box", default: false)))
}
