// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX IsNaN, opset 9, 13, 20.
@Sendable
func importIsNaN(_ context: inout ImportContext) throws(ImportError) {
    context.emit(IsNaN())
}
