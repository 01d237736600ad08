// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX ScatterND, opset 11, 13, 16, 18.
@Sendable
func importScatterND(_ context: inout ImportContext) throws(ImportError) {
    context.emit(ScatterND(reduction: try context.scatterReduction()))
}
