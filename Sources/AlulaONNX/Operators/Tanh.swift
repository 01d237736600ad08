// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Tanh, opset 6, 13.
@Sendable
func importTanh(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Tanh())
}
