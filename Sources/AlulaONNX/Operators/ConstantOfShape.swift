// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX ConstantOfShape, opset 9, 20, 21; the attribute value becomes an input.
@Sendable
func importConstantOfShape(_ context: inout ImportContext) throws(ImportError) {
    let value = try context.tensor("value").map { context.addConstant($0) }
    context.emit(ConstantOfShape(), inputs: [context.input(0), value])
}
