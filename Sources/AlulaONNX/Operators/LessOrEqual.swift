// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX LessOrEqual, opset 12, 16.
@Sendable
func importLessOrEqual(_ context: inout ImportContext) throws(ImportError) {
    context.emit(LessOrEqual())
}
