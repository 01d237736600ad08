// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// ONNX DFT, opset 17 (the axis as attribute), 20 (as input).
@Sendable
func importDFT(_ context: inout ImportContext) throws(ImportError) {
    let isInverse = try context.bool("inverse", default: false)
    let operation = DFT(isInverse: isInverse, isOneSided: try context.bool("onesided", default: false))
    guard context.opset < 20 else { return context.emit(operation) }
    let axis = context.addConstant(Tensor(scalar: Int64(try context.integer("axis", default: 1))))
    context.emit(operation, inputs: [context.input(0), context.input(1), axis])
}
