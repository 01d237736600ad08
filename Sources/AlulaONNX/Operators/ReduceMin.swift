// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX ReduceMin, opset 1, 11, 12, 13, 18, 20.
@Sendable
func importReduceMin(_ context: inout ImportContext) throws(ImportError) {
    try context.emitReduction(ReduceMin.self, axesInputSince: 18)
}
