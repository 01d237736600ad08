// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Or, opset 7.
@Sendable
func importOr(_ context: inout ImportContext) throws(ImportError) {
    try context.emitBroadcasting(Or())
}
