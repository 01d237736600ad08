// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX ReduceL2, opset 1, 11, 13, 18.
@Sendable
func importReduceL2(_ context: inout ImportContext) throws(ImportError) {
    try context.emitReduction(ReduceL2.self, axesInputSince: 18)
}
