// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX RoiAlign, opset 10, 16, 22.
@Sendable
func importRoiAlign(_ context: inout ImportContext) throws(ImportError) {
    let mode = try context.string("mode", default: "avg")
    guard mode == "avg" || mode == "max" else {
        throw context.unsupported("attribute 'mode' = '\(mode)'", expected: "avg or max")
    }
    let fallback = context.opset < 16 ? "output_half_pixel" : "half_pixel"
    let transformation = try context.string("coordinate_transformation_mode", default: fallback)
    guard transformation == "half_pixel" || transformation == "output_half_pixel" else {
        throw context.unsupported(
            "attribute 'coordinate_transformation_mode' = '\(transformation)'",
            expected: "half_pixel or output_half_pixel"
        )
    }
    context.emit(
        RoiAlign(
            outputHeight: try context.integer("output_height", default: 1),
            outputWidth: try context.integer("output_width", default: 1),
            samplingRatio: try context.integer("sampling_ratio", default: 0),
            spatialScale: try context.float("spatial_scale", default: 1),
            takesMaximum: mode == "max",
            isHalfPixel: transformation == "half_pixel"
        )
    )
}
