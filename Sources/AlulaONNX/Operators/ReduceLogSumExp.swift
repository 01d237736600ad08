// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX ReduceLogSumExp, opset 1, 11, 13, 18.
@Sendable
func importReduceLogSumExp(_ context: inout ImportContext) throws(ImportError) {
    try context.emitReduction(ReduceLogSumExp.self, axesInputSince: 18)
}
