// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Sum, opset 6, 8, 13.
@Sendable
func importSum(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Sum())
}
