// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX BitwiseXor, opset 18.
@Sendable
func importBitwiseXor(_ context: inout ImportContext) throws(ImportError) {
    context.emit(BitwiseXor())
}
