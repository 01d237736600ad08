// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX QLinearConv, opset 10.
@Sendable
func importQLinearConv(_ context: inout ImportContext) throws(ImportError) {
    context.emit(
        QLinearConv(
            window: try context.windowParameters(),
            group: try context.integer("group", default: 1),
            kernelShape: try context.integers("kernel_shape")
        )
    )
}
