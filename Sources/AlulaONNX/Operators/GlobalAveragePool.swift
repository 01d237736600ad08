// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX GlobalAveragePool, opset 1, 22.
@Sendable
func importGlobalAveragePool(_ context: inout ImportContext) throws(ImportError) {
    context.emit(GlobalAveragePool())
}
