// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Mean, opset 6, 8, 13.
@Sendable
func importMean(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Mean())
}
