// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Range, opset 11.
@Sendable
func importRange(_ context: inout ImportContext) throws(ImportError) {
    context.emit(NumberRange())
}
