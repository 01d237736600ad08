// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX GatherND, opset 11, 12, 13.
@Sendable
func importGatherND(_ context: inout ImportContext) throws(ImportError) {
    context.emit(GatherND(batchDimensions: try context.integer("batch_dims", default: 0)))
}
