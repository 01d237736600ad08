// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX GreaterOrEqual, opset 12, 16.
@Sendable
func importGreaterOrEqual(_ context: inout ImportContext) throws(ImportError) {
    context.emit(GreaterOrEqual())
}
