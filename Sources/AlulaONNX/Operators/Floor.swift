// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Floor, opset 6, 13.
@Sendable
func importFloor(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Floor())
}
