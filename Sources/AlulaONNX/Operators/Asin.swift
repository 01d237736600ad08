// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Asin, opset 7, 22.
@Sendable
func importAsin(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Asin())
}
