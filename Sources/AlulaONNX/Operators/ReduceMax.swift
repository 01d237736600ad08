// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX ReduceMax, opset 1, 11, 12, 13, 18, 20.
@Sendable
func importReduceMax(_ context: inout ImportContext) throws(ImportError) {
    try context.emitReduction(ReduceMax.self, axesInputSince: 18)
}
