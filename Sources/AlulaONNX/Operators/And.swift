// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX And, opset 7.
@Sendable
func importAnd(_ context: inout ImportContext) throws(ImportError) {
    try context.emitBroadcasting(And())
}
