// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Equal, opset 7, 11, 13, 19.
@Sendable
func importEqual(_ context: inout ImportContext) throws(ImportError) {
    try context.emitBroadcasting(Equal())
}
