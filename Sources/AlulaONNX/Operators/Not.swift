// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Not, opset 1.
@Sendable
func importNot(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Not())
}
