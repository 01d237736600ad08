// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX RMSNormalization, opset 23.
@Sendable
func importRMSNormalization(_ context: inout ImportContext) throws(ImportError) {
    context.emit(
        RMSNormalization(
            axis: try context.integer("axis", default: -1),
            epsilon: try context.float("epsilon", default: 1e-5)
        )
    )
}
