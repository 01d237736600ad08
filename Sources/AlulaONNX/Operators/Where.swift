// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Where, opset 9, 16.
@Sendable
func importWhere(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Where())
}
