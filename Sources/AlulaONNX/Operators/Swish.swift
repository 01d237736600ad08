// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Swish, opset 24.
@Sendable
func importSwish(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Swish(alpha: try context.float("alpha", default: 1)))
}
