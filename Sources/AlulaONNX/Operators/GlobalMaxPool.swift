// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX GlobalMaxPool, opset 1, 22.
@Sendable
func importGlobalMaxPool(_ context: inout ImportContext) throws(ImportError) {
    context.emit(GlobalMaxPool())
}
