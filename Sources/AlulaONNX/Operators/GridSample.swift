// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX GridSample, opset 16, 20, 22.
@Sendable
func importGridSample(_ context: inout ImportContext) throws(ImportError) {
    // Opset 16 calls the modes by their two-dimensional names.
    let former: [String: Interpolation] = ["bilinear": .linear, "bicubic": .cubic]
    let interpolation: Interpolation
    if let mode = former[try context.string("mode", default: "linear")] {
        interpolation = mode
    } else {
        interpolation = try context.choice("mode", default: .linear)
    }
    context.emit(
        GridSample(
            interpolation: interpolation,
            padding: try context.choice("padding_mode", default: .zeros),
            alignsCorners: try context.bool("align_corners", default: false)
        )
    )
}
