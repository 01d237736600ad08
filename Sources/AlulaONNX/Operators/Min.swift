// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Min, opset 6, 8, 12, 13.
@Sendable
func importMin(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Min())
}
