// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX ThresholdedRelu, opset 10, 22.
@Sendable
func importThresholdedRelu(_ context: inout ImportContext) throws(ImportError) {
    context.emit(ThresholdedRelu(alpha: try context.float("alpha", default: 1)))
}
