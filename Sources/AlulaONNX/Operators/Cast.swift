// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Cast, opset 6, 9, 13, 19, 21.
@Sendable
func importCast(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Cast(to: try context.dataType("to")))
}
