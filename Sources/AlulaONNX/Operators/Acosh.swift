// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Acosh, opset 9, 22.
@Sendable
func importAcosh(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Acosh())
}
