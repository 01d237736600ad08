// SPDX-License-Identifier: Apache-2.0

/// `dst = min(max(src, minimum), maximum)`, element by element, with bounds that are parameters.
///
/// src: floating point, any shape; dst: the same. NaN stays NaN; a minimum above the maximum gives the maximum.
/// Bounds that are tensors, or not numbers of `float32`, are imported as ``Max`` and ``Min``.
/// Source: ONNX Clip, opset 13.
public struct Clip: FloatUnaryOperator {
    /// `Clip`.
    public static let name = "Clip"

    /// The lower bound; none when nil.
    public var minimum: Float?
    /// The upper bound; none when nil.
    public var maximum: Float?

    /// Bounds, or none.
    public init(minimum: Float? = nil, maximum: Float? = nil) {
        self.minimum = minimum
        self.maximum = maximum
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        if attributes["minimum"] != nil { minimum = try attributes.float("minimum", for: Self.name) }
        if attributes["maximum"] != nil { maximum = try attributes.float("maximum", for: Self.name) }
    }

    /// `minimum` and `maximum`, where present.
    public var attributes: Attributes {
        var attributes = Attributes()
        attributes["minimum"] = minimum.map(AttributeValue.float)
        attributes["maximum"] = maximum.map(AttributeValue.float)
        return attributes
    }

    /// The scalar function.
    public func apply(_ x: Double) -> Double {
        var clipped = x
        if let minimum, clipped < Double(minimum) { clipped = Double(minimum) }
        if let maximum, clipped > Double(maximum) { clipped = Double(maximum) }
        return clipped
    }

    /// The scalar function in `float32`.
    public func apply(_ x: Float) -> Float {
        var clipped = x
        if let minimum, clipped < minimum { clipped = minimum }
        if let maximum, clipped > maximum { clipped = maximum }
        return clipped
    }
}
