// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Neg, opset 6, 13.
@Sendable
func importNeg(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Neg())
}
