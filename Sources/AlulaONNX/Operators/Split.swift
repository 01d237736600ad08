// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Split, opset 2, 11, 13, 18; the extents of the pieces are an attribute before 13.
@Sendable
func importSplit(_ context: inout ImportContext) throws(ImportError) {
    let outputCount = try context.integer("num_outputs") ?? context.node.outputs.count
    guard outputCount >= context.node.outputs.count, outputCount <= 1 << 16 else {
        throw context.unsupported(
            "num_outputs = \(outputCount)",
            expected: "\(context.node.outputs.count), as the node has outputs"
        )
    }
    let pieces = try context.integersInput(1, orAttribute: "split", before: 13)
    let operation = Split(axis: try context.integer("axis", default: 0), outputCount: outputCount)
    context.emit(operation, inputs: [context.input(0), pieces])
}
