// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Log, opset 6, 13.
@Sendable
func importLog(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Log())
}
