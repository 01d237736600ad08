// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Greater, opset 7, 9, 13.
@Sendable
func importGreater(_ context: inout ImportContext) throws(ImportError) {
    try context.emitBroadcasting(Greater())
}
