// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX DequantizeLinear, opset 10, 13, 19, 21, 23.
@Sendable
func importDequantizeLinear(_ context: inout ImportContext) throws(ImportError) {
    let outputType = try context.integer("output_dtype", default: 0)
    let operation = DequantizeLinear(
        axis: try context.integer("axis", default: 1),
        blockExtent: try context.integer("block_size", default: 0),
        dataType: outputType == 0 ? nil : try context.dataType("output_dtype")
    )
    guard operation.blockExtent >= 0 else {
        throw context.unsupported("block_size = \(operation.blockExtent)", expected: "0 or more")
    }
    context.emit(operation)
}
