// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Asinh, opset 9, 22.
@Sendable
func importAsinh(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Asinh())
}
