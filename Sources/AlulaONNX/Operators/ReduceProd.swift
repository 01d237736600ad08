// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX ReduceProd, opset 1, 11, 13, 18.
@Sendable
func importReduceProd(_ context: inout ImportContext) throws(ImportError) {
    try context.emitReduction(ReduceProd.self, axesInputSince: 18)
}
