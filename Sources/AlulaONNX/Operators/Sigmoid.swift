// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Sigmoid, opset 6, 13.
@Sendable
func importSigmoid(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Sigmoid())
}
