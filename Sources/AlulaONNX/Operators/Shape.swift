// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Shape, opset 1, 13, 15, 19, 21.
@Sendable
func importShape(_ context: inout ImportContext) throws(ImportError) {
    context.emit(ShapeOf(start: try context.integer("start", default: 0), end: try context.integer("end")))
}
