// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Cosh, opset 9, 22.
@Sendable
func importCosh(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Cosh())
}
