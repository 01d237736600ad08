// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX ReduceL1, opset 1, 11, 13, 18.
@Sendable
func importReduceL1(_ context: inout ImportContext) throws(ImportError) {
    try context.emitReduction(ReduceL1.self, axesInputSince: 18)
}
