// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX BitwiseAnd, opset 18.
@Sendable
func importBitwiseAnd(_ context: inout ImportContext) throws(ImportError) {
    context.emit(BitwiseAnd())
}
