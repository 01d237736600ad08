// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX LpPool, opset 2, 11, 18, 22.
@Sendable
func importLpPool(_ context: inout ImportContext) throws(ImportError) {
    context.emit(
        LpPool(
            kernelShape: try context.requiredKernelShape(),
            window: try context.windowParameters(),
            ceilMode: try context.bool("ceil_mode", default: false),
            p: try context.integer("p", default: 2)
        )
    )
}
