// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX BitwiseOr, opset 18.
@Sendable
func importBitwiseOr(_ context: inout ImportContext) throws(ImportError) {
    context.emit(BitwiseOr())
}
