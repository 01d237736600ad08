// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX ConvInteger, opset 10.
@Sendable
func importConvInteger(_ context: inout ImportContext) throws(ImportError) {
    context.emit(
        ConvInteger(
            window: try context.windowParameters(),
            group: try context.integer("group", default: 1),
            kernelShape: try context.integers("kernel_shape")
        )
    )
}
