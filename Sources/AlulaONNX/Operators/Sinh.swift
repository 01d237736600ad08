// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Sinh, opset 9, 22.
@Sendable
func importSinh(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Sinh())
}
