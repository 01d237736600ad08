// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX InstanceNormalization, opset 6, 22.
@Sendable
func importInstanceNormalization(_ context: inout ImportContext) throws(ImportError) {
    context.emit(InstanceNormalization(epsilon: try context.float("epsilon", default: 1e-5)))
}
