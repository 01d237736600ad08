// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Relu, opset 6, 13, 14.
@Sendable
func importRelu(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Relu())
}
