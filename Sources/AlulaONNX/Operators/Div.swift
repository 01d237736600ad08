// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Div, opset 7, 13, 14.
@Sendable
func importDiv(_ context: inout ImportContext) throws(ImportError) {
    try context.emitBroadcasting(Div())
}
