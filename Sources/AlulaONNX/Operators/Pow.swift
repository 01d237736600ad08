// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Pow, opset 7, 12, 13, 15.
@Sendable
func importPow(_ context: inout ImportContext) throws(ImportError) {
    try context.emitBroadcasting(Pow())
}
