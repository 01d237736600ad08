// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Less, opset 7, 9, 13.
@Sendable
func importLess(_ context: inout ImportContext) throws(ImportError) {
    try context.emitBroadcasting(Less())
}
