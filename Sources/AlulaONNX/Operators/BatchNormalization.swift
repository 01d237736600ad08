// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX BatchNormalization, opset 7, 9, 14, 15, inference only.
@Sendable
func importBatchNormalization(_ context: inout ImportContext) throws(ImportError) {
    guard try context.integer("training_mode", default: 0) == 0 else {
        throw context.unsupported("training_mode = 1", expected: "inference (training_mode = 0)")
    }
    guard try context.integer("spatial", default: 1) == 1 else {
        throw context.unsupported("spatial = 0", expected: "statistics per channel (spatial = 1)")
    }
    guard context.node.outputs.dropFirst().allSatisfy(\.isEmpty) else {
        throw context.unsupported("training outputs \(context.node.outputs.dropFirst())", expected: "one output")
    }
    context.emit(BatchNormalization(epsilon: try context.float("epsilon", default: 1e-5)))
}
