// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Unique, opset 11.
@Sendable
func importUnique(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Unique(axis: try context.integer("axis"), sorted: try context.bool("sorted", default: true)))
}
