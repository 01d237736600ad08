// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX ReduceMean, opset 1, 11, 13, 18.
@Sendable
func importReduceMean(_ context: inout ImportContext) throws(ImportError) {
    try context.emitReduction(ReduceMean.self, axesInputSince: 18)
}
