// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Sin, opset 7, 22.
@Sendable
func importSin(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Sin())
}
