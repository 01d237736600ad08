// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX ReduceSumSquare, opset 1, 11, 13, 18.
@Sendable
func importReduceSumSquare(_ context: inout ImportContext) throws(ImportError) {
    try context.emitReduction(ReduceSumSquare.self, axesInputSince: 18)
}
