// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Ceil, opset 6, 13.
@Sendable
func importCeil(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Ceil())
}
