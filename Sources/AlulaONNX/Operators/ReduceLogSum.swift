// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX ReduceLogSum, opset 1, 11, 13, 18.
@Sendable
func importReduceLogSum(_ context: inout ImportContext) throws(ImportError) {
    try context.emitReduction(ReduceLogSum.self, axesInputSince: 18)
}
