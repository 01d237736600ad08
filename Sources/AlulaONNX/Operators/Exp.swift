// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Exp, opset 6, 13.
@Sendable
func importExp(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Exp())
}
