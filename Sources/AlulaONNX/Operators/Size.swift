// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Size, opset 1, 13, 19, 21.
@Sendable
func importSize(_ context: inout ImportContext) throws(ImportError) {
    context.emit(SizeOf())
}
