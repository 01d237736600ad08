// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Sqrt, opset 6, 13.
@Sendable
func importSqrt(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Sqrt())
}
