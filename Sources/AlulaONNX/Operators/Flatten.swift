// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Flatten, opset 1, 9, 11, 13, 21.
@Sendable
func importFlatten(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Flatten(axis: try context.integer("axis", default: 1)))
}
