// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// A rectangle of any direction in the plane: a box seen from above.
public struct RotatedRectangle: Sendable {
    /// The corners, counter-clockwise.
    private let corners: (SIMD2<Double>, SIMD2<Double>, SIMD2<Double>, SIMD2<Double>)
    /// The middle, metres.
    public let centre: SIMD2<Double>
    /// Square metres.
    public let area: Double
    /// Half the diagonal, metres.
    public let radius: Double

    /// A rectangle `length` long in the direction of `yaw` and `width` wide; metres and radians.
    public init(x: Double, y: Double, length: Double, width: Double, yaw: Double) {
        let (cosine, sine) = (ElementaryFunctions.cos(yaw), ElementaryFunctions.sin(yaw))
        let along = SIMD2(cosine, sine) * (length / 2)
        let across = SIMD2(-sine, cosine) * (width / 2)
        centre = SIMD2(x, y)
        corners = (centre + along + across, centre - along + across, centre - along - across, centre + along - across)
        area = length * width
        radius = (length * length + width * width).squareRoot() / 2
    }

    /// Corner 0 to 3, counter-clockwise: left front, left rear, right rear, right front.
    public func corner(_ index: Int) -> SIMD2<Double> {
        switch index & 3 {
        case 0: corners.0
        case 1: corners.1
        case 2: corners.2
        default: corners.3
        }
    }

    /// Whether the circles around the two rectangles overlap: a quick test that never misses an intersection.
    public func mayIntersect(_ other: RotatedRectangle) -> Bool {
        let offset = centre - other.centre
        let reach = radius + other.radius
        return (offset * offset).sum() < reach * reach
    }

    /// The area two rectangles share, exact but for rounding.
    ///
    /// Clips this rectangle with the sides of the other, one after the other. Source: Sutherland and Hodgman, "Reentrant
    /// Polygon Clipping", CACM 17 (1974).
    public func intersectionArea(_ other: RotatedRectangle) -> Double {
        var polygon = Polygon()
        for index in 0..<4 { polygon.append(corner(index)) }
        for index in 0..<4 {
            polygon.clip(from: other.corner(index + 3), to: other.corner(index))
            if polygon.count == 0 { return 0 }
        }
        return max(polygon.area, 0)
    }

    /// Intersection over union; 0 where both are empty.
    public func intersectionOverUnion(_ other: RotatedRectangle) -> Double {
        guard mayIntersect(other) else { return 0 }
        let intersection = intersectionArea(other)
        let union = area + other.area - intersection
        return union > 0 ? intersection / union : 0
    }
}

/// A convex polygon of few corners, without memory of its own.
private struct Polygon {
    /// A rectangle clipped by four lines has at most eight corners.
    private var corners = InlineArray<8, SIMD2<Double>>(repeating: .zero)
    private(set) var count = 0

    mutating func append(_ corner: SIMD2<Double>) {
        guard count < 8 else { return }
        corners[count] = corner
        count += 1
    }

    /// Keeps what lies to the left of a line, or on it.
    mutating func clip(from start: SIMD2<Double>, to end: SIMD2<Double>) {
        let direction = end - start
        func side(_ point: SIMD2<Double>) -> Double {
            let offset = point - start
            return direction.x * offset.y - direction.y * offset.x
        }
        var clipped = Polygon()
        for index in 0..<count {
            let (previous, current) = (corners[index == 0 ? count - 1 : index - 1], corners[index])
            let (before, now) = (side(previous), side(current))
            if (before >= 0) != (now >= 0) {
                clipped.append(previous + (before / (before - now)) * (current - previous))
            }
            if now >= 0 { clipped.append(current) }
        }
        self = clipped
    }

    /// Positive when the corners run counter-clockwise.
    var area: Double {
        var sum = 0.0
        for index in 0..<count {
            let (previous, current) = (corners[index == 0 ? count - 1 : index - 1], corners[index])
            sum += previous.x * current.y - current.x * previous.y
        }
        return sum / 2
    }
}
