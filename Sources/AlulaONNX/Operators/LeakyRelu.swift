// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX LeakyRelu, opset 6, 16.
@Sendable
func importLeakyRelu(_ context: inout ImportContext) throws(ImportError) {
    context.emit(LeakyRelu(alpha: try context.float("alpha", default: 0.01)))
}
