// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Erf, opset 9, 13.
@Sendable
func importErf(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Erf())
}
