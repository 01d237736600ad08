// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX LogSoftmax, opset 1, 11, 13.
@Sendable
func importLogSoftmax(_ context: inout ImportContext) throws(ImportError) {
    let axis = try context.integer("axis", default: context.opset < 13 ? 1 : -1)
    context.emit(LogSoftmax(axis: axis, spansTrailingAxes: context.opset < 13))
}
