// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX MatMul, opset 1, 9, 13.
@Sendable
func importMatMul(_ context: inout ImportContext) throws(ImportError) {
    context.emit(MatMul())
}
