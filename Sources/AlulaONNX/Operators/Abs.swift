// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Abs, opset 6, 13.
@Sendable
func importAbs(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Abs())
}
