// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX BitwiseNot, opset 18.
@Sendable
func importBitwiseNot(_ context: inout ImportContext) throws(ImportError) {
    context.emit(BitwiseNot())
}
