// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Atan, opset 7, 22.
@Sendable
func importAtan(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Atan())
}
