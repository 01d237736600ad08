// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Acos, opset 7, 22.
@Sendable
func importAcos(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Acos())
}
