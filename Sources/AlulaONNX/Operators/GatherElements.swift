// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX GatherElements, opset 11, 13.
@Sendable
func importGatherElements(_ context: inout ImportContext) throws(ImportError) {
    context.emit(GatherElements(axis: try context.integer("axis", default: 0)))
}
