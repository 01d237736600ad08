// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// ONNX Resize, opset 10, 11, 13, 18, 19.
@Sendable
func importResize(_ context: inout ImportContext) throws(ImportError) {
    guard context.opset >= 11 else {
        let resize = try context.upsampling()
        return context.emit(resize, inputs: [context.input(0), nil, context.input(1)])
    }
    context.emit(
        Resize(
            interpolation: try context.choice("mode", default: .nearest),
            transformation: try context.choice("coordinate_transformation_mode", default: .halfPixel),
            rounding: try context.choice("nearest_mode", default: .roundPreferFloor),
            cubicCoefficient: try context.float("cubic_coeff_a", default: -0.75),
            excludesOutside: try context.bool("exclude_outside", default: false),
            extrapolationValue: try context.float("extrapolation_value", default: 0),
            isAntialiased: try context.bool("antialias", default: false),
            axes: try context.integers("axes"),
            aspectRatioPolicy: try context.choice("keep_aspect_ratio_policy", default: .stretch)
        )
    )
}

/// ONNX Upsample, opset 7 (scales are an attribute) and 9 (an input), deprecated in 10.
@Sendable
func importUpsample(_ context: inout ImportContext) throws(ImportError) {
    let resize = try context.upsampling()
    guard let scales = try context.floats("scales") else {
        return context.emit(resize, inputs: [context.input(0), nil, context.input(1)])
    }
    let constant = context.addConstant(Tensor(scales, shape: [scales.count]))
    context.emit(resize, inputs: [context.input(0), nil, constant])
}

extension ImportContext {
    /// What `Upsample` and the first `Resize` mean: positions are multiples of the inverse scale.
    fileprivate func upsampling() throws(ImportError) -> Resize {
        // Some exporters still write opset 1's name.
        let mode = try string("mode", default: "nearest")
        guard let interpolation = mode == "bilinear" ? .linear : Interpolation(rawValue: mode) else {
            throw unsupported("attribute 'mode' = '\(mode)'", expected: "nearest or linear")
        }
        return Resize(interpolation: interpolation, transformation: .asymmetric, rounding: .simple)
    }

    /// The attribute `name` as one of a fixed set of choices, or `fallback` when absent.
    func choice<C: RawRepresentable<String> & CaseIterable>(
        _ name: String,
        default fallback: C
    ) throws(ImportError) -> C {
        let text = try string(name, default: fallback.rawValue)
        guard let choice = C(rawValue: text) else {
            let expected = C.allCases.map(\.rawValue).joined(separator: ", ")
            throw unsupported("attribute '\(name)' = '\(text)'", expected: expected)
        }
        return choice
    }
}
