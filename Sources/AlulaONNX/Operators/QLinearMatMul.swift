// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX QLinearMatMul, opset 10, 21.
@Sendable
func importQLinearMatMul(_ context: inout ImportContext) throws(ImportError) {
    context.emit(QLinearMatMul())
}
