// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Add, opset 7, 13, 14.
@Sendable
func importAdd(_ context: inout ImportContext) throws(ImportError) {
    try context.emitBroadcasting(Add())
}
