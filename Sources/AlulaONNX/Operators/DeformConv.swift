// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX DeformConv, opset 19, 22.
@Sendable
func importDeformConv(_ context: inout ImportContext) throws(ImportError) {
    context.emit(
        DeformConv(
            window: try context.windowParameters(),
            group: try context.integer("group", default: 1),
            offsetGroup: try context.integer("offset_group", default: 1),
            kernelShape: try context.integers("kernel_shape")
        )
    )
}
