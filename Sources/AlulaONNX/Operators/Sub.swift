// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Sub, opset 7, 13, 14.
@Sendable
func importSub(_ context: inout ImportContext) throws(ImportError) {
    try context.emitBroadcasting(Sub())
}
