// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX GRU, opset 7, 14, 22.
@Sendable
func importGRU(_ context: inout ImportContext) throws(ImportError) {
    let parameters = try context.recurrentParameters(of: GRU.self)
    context.emit(GRU(parameters, resetsAfterProduct: try context.bool("linear_before_reset", default: false)))
}
