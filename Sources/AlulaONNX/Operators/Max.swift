// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Max, opset 6, 8, 12, 13.
@Sendable
func importMax(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Max())
}
