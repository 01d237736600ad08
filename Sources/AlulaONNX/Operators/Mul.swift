// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Mul, opset 7, 13, 14.
@Sendable
func importMul(_ context: inout ImportContext) throws(ImportError) {
    try context.emitBroadcasting(Mul())
}
