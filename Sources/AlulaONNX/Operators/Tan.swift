// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Tan, opset 7, 22.
@Sendable
func importTan(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Tan())
}
