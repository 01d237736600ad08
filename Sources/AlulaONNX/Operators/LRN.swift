// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX LRN, opset 1, 13.
@Sendable
func importLRN(_ context: inout ImportContext) throws(ImportError) {
    guard let size = try context.integer("size") else {
        throw context.unsupported("no attribute 'size'", expected: "the number of channels to sum over")
    }
    context.emit(
        LRN(
            size: size,
            alpha: try context.float("alpha", default: 1e-4),
            beta: try context.float("beta", default: 0.75),
            bias: try context.float("bias", default: 1)
        )
    )
}
