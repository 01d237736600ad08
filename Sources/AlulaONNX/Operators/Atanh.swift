// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Atanh, opset 9, 22.
@Sendable
func importAtanh(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Atanh())
}
