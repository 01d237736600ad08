// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX ReduceSum, opset 1, 11, 13.
@Sendable
func importReduceSum(_ context: inout ImportContext) throws(ImportError) {
    try context.emitReduction(ReduceSum.self, axesInputSince: 13)
}
