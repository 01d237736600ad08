// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Xor, opset 7.
@Sendable
func importXor(_ context: inout ImportContext) throws(ImportError) {
    try context.emitBroadcasting(Xor())
}
