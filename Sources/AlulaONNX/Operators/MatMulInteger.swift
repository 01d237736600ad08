// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX MatMulInteger, opset 10.
@Sendable
func importMatMulInteger(_ context: inout ImportContext) throws(ImportError) {
    context.emit(MatMulInteger())
}
