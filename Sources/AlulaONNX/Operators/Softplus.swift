// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Softplus, opset 1, 22.
@Sendable
func importSoftplus(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Softplus())
}
