// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Reciprocal, opset 6, 13.
@Sendable
func importReciprocal(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Reciprocal())
}
