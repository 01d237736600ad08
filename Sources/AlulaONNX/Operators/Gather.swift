// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Gather, opset 1, 11, 13.
@Sendable
func importGather(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Gather(axis: try context.integer("axis", default: 0)))
}
