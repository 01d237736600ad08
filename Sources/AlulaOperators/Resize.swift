// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Resampling along any axes.
///
/// Axis by axis, `dst[…, x, …] = Σ src[…, i, …] · w(x, i)`: position `x` is mapped into src by
/// ``transformation`` and its neighbours are weighted by ``interpolation``; see ``ResizeAxis``.
///
/// src: any type for nearest, any numeric type else, any rank; input 1, region (optional): `begin…, end…` as fractions of
/// src, read for ``CoordinateTransformation/cropAndResize`` only; input 2, scales, or input 3, sizes: one an axis of
/// ``axes``, or of all axes. dst like src with resized extents. Source: ONNX Resize, opset 19, and Upsample, opset 9.
/// TensorRT counterpart: `IResizeLayer`.
public struct Resize: Operator {
    /// `Resize`.
    public static let name = "Resize"

    /// What the extents do when ``axes`` are to keep their aspect ratio. Raw values are ONNX's names.
    public enum AspectRatioPolicy: String, Sendable, Hashable, CaseIterable {
        /// It may change: sizes are taken as they are.
        case stretch
        /// Extents as large as the ratio allows, none larger than its size.
        case notLarger = "not_larger"
        /// Extents as small as the ratio allows, none smaller than its size.
        case notSmaller = "not_smaller"
    }

    /// How elements between src's are made.
    public var interpolation: Interpolation
    /// Where an element of dst lies in src.
    public var transformation: CoordinateTransformation
    /// Which neighbour ``Interpolation/nearest`` takes.
    public var rounding: NearestRounding
    /// Keys' parameter of ``Interpolation/cubic``.
    public var cubicCoefficient: Float
    /// Whether taps outside src count nothing instead of repeating the border.
    public var excludesOutside: Bool
    /// What ``CoordinateTransformation/cropAndResize`` puts outside src.
    public var extrapolationValue: Float
    /// Whether windows widen when making smaller.
    public var isAntialiased: Bool
    /// The axes that scales, sizes and region are about; nil: all. Negative ones count from the back.
    public var axes: [Int]?
    /// How sizes are read.
    public var aspectRatioPolicy: AspectRatioPolicy

    /// A resizing; what is left out takes ONNX's default.
    public init(
        interpolation: Interpolation = .nearest,
        transformation: CoordinateTransformation = .halfPixel,
        rounding: NearestRounding = .roundPreferFloor,
        cubicCoefficient: Float = -0.75,
        excludesOutside: Bool = false,
        extrapolationValue: Float = 0,
        isAntialiased: Bool = false,
        axes: [Int]? = nil,
        aspectRatioPolicy: AspectRatioPolicy = .stretch
    ) {
        self.interpolation = interpolation
        self.transformation = transformation
        self.rounding = rounding
        self.cubicCoefficient = cubicCoefficient
        self.excludesOutside = excludesOutside
        self.extrapolationValue = extrapolationValue
        self.isAntialiased = isAntialiased
        self.axes = axes
        self.aspectRatioPolicy = aspectRatioPolicy
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        let op = Self.name
        interpolation = try attributes.choice("mode", default: .nearest, for: op)
        transformation = try attributes.choice("coordinate_transformation_mode", default: .halfPixel, for: op)
        rounding = try attributes.choice("nearest_mode", default: .roundPreferFloor, for: op)
        cubicCoefficient = try attributes.float("cubic_coeff_a", default: -0.75, for: op)
        excludesOutside = try attributes.bool("exclude_outside", default: false, for: op)
        extrapolationValue = try attributes.float("extrapolation_value", default: 0, for: op)
        isAntialiased = try attributes.bool("antialias", default: false, for: op)
        axes = try attributes.integersIfPresent("axes", for: op)
        aspectRatioPolicy = try attributes.choice("keep_aspect_ratio_policy", default: .stretch, for: op)
    }

    /// ONNX's names.
    public var attributes: Attributes {
        var attributes: Attributes = [
            "mode": .string(interpolation.rawValue),
            "coordinate_transformation_mode": .string(transformation.rawValue),
            "nearest_mode": .string(rounding.rawValue),
            "cubic_coeff_a": .float(cubicCoefficient),
            "exclude_outside": .integer(excludesOutside ? 1 : 0),
            "extrapolation_value": .float(extrapolationValue),
            "antialias": .integer(isAntialiased ? 1 : 0),
            "keep_aspect_ratio_policy": .string(aspectRatioPolicy.rawValue),
        ]
        if let axes { attributes["axes"] = .integers(axes) }
        return attributes
    }

    /// src's type with resized extents; needs the content of scales or sizes.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...4)
        if interpolation != .nearest { try inputs.require(.numeric, of: 0) }
        guard !(isAntialiased && interpolation == .nearest) else {
            throw .invalidAttribute(operator: Self.name, attribute: "antialias", got: "1", expected: "0 for nearest")
        }
        return [TensorType(try inputs.required(0).dataType, try extents(inputs).shape)]
    }

    /// The tables of all axes of src, for kernels.
    ///
    /// - Parameter inputs: the operator's inputs; the content of region, scales and sizes must be known.
    public func resizeAxes(_ inputs: [OperatorInput?]) throws(OperatorError) -> [ResizeAxis] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...4)
        let src = try inputs.required(0).shape
        let (shape, scales) = try extents(inputs)
        let regions = try regionFractions(inputs)
        return src.indices.map { axis in
            ResizeAxisProblem(
                srcExtent: src[axis],
                dstExtent: shape[axis],
                scale: scales[axis],
                region: regions[axis],
                transformation: transformation,
                interpolation: interpolation,
                rounding: rounding,
                cubicCoefficient: Double(cubicCoefficient),
                excludesOutside: excludesOutside,
                isAntialiased: isAntialiased
            ).axis()
        }
    }

    /// Two for every tap of every axis that is resized, on the extents it then has; none for nearest.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        guard interpolation != .nearest, let src = inputs.first??.shape, let dst = outputs.first?.shape,
            src.rank == dst.rank
        else { return 0 }
        let taps = interpolation == .linear ? 2 : 4
        var extents = src.extents
        var operations = 0
        for axis in dst.indices where dst[axis] != src[axis] {
            extents[axis] = dst[axis]
            let (sum, isOverflowing) = operations.addingReportingOverflow(
                saturatingProduct(2 * taps, extents.reduce(1) { saturatingProduct($0, $1) })
            )
            operations = isOverflowing ? .max : sum
        }
        return operations
    }
}

extension Attributes {
    /// The text named `name` as one of a fixed set of choices, or `fallback` when absent.
    func choice<C: RawRepresentable<String> & CaseIterable>(
        _ name: String,
        default fallback: C,
        for op: String
    ) throws(OperatorError) -> C {
        let text = try string(name, default: fallback.rawValue, for: op)
        guard let choice = C(rawValue: text) else {
            let expected = C.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalidAttribute(operator: op, attribute: name, got: text, expected: expected)
        }
        return choice
    }
}
