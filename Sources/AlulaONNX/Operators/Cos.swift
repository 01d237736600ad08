// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Cos, opset 7, 22.
@Sendable
func importCos(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Cos())
}
