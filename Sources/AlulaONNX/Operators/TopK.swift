// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX TopK, opset 1, 10, 11; k is an attribute before 10.
@Sendable
func importTopK(_ context: inout ImportContext) throws(ImportError) {
    let operation = TopK(
        axis: try context.integer("axis", default: -1),
        largest: try context.bool("largest", default: true),
        sorted: try context.bool("sorted", default: true)
    )
    guard context.opset < 10 else { return context.emit(operation) }
    guard let count = try context.integer("k") else {
        throw context.unsupported("no attribute 'k'", expected: "how many elements to keep")
    }
    context.emit(operation, inputs: [context.input(0), context.addIntegers([count])])
}
