// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Celu, opset 12.
@Sendable
func importCelu(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Celu(alpha: try context.float("alpha", default: 1)))
}
