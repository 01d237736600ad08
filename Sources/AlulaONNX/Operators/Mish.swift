// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Mish, opset 18, 22.
@Sendable
func importMish(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Mish())
}
