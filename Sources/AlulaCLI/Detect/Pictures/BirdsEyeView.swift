// SPDX-License-Identifier: Apache-2.0

internal import AlulaPointPillars
internal import Foundation

/// Where things are in a picture of a cloud from above: x forward is up, y left is left.
struct BirdsEyeView {
    /// Pixels a metre.
    let scale: Double
    /// Extents of the picture, pixels.
    let width: Int
    let height: Int
    private let top: Double
    private let left: Double
    /// Lowest and highest z of the range, metres.
    let heights: ClosedRange<Double>

    /// A view of a network's range, its longer side about `size` pixels.
    init(_ grid: PillarGrid, size: Int = 1000) {
        let (minimum, maximum) = (grid.minimum, grid.maximum)
        let along = Double(maximum.x - minimum.x)
        let across = Double(maximum.y - minimum.y)
        scale = Double(size) / max(along, across)
        width = Int((across * scale).rounded(.up))
        height = Int((along * scale).rounded(.up))
        top = Double(maximum.x)
        left = Double(maximum.y)
        heights = Double(minimum.z)...Double(maximum.z)
    }

    /// The place of a point, pixels from the upper left corner.
    func place(_ x: Double, _ y: Double) -> SIMD2<Double> { SIMD2((left - y) * scale, (top - x) * scale) }

    /// Whether a place is in the picture.
    func contains(_ place: SIMD2<Double>) -> Bool {
        place.x >= 0 && place.y >= 0 && place.x < Double(width) && place.y < Double(height)
    }

    /// The corners of a box, and the middle of its front.
    func outline(_ box: Detection) -> (corners: [SIMD2<Double>], front: SIMD2<Double>, centre: SIMD2<Double>) {
        let (cosine, sine) = (cos(Double(box.yaw)), sin(Double(box.yaw)))
        func corner(_ along: Double, _ across: Double) -> SIMD2<Double> {
            let (u, v) = (along * Double(box.length) / 2, across * Double(box.width) / 2)
            return place(Double(box.centre.x) + cosine * u - sine * v, Double(box.centre.y) + sine * u + cosine * v)
        }
        return ([corner(1, 1), corner(-1, 1), corner(-1, -1), corner(1, -1)], corner(1, 0), corner(0, 0))
    }

    /// Where a label of some extents goes: beside the box, inside the picture; its upper left corner.
    func labelPlace(_ corners: [SIMD2<Double>], _ extents: SIMD2<Double>) -> SIMD2<Double> {
        let (lefts, heights) = (corners.map(\.x), corners.map(\.y))
        let (low, high) = (lefts.min() ?? 0, lefts.max() ?? 0)
        let middle = ((heights.min() ?? 0) + (heights.max() ?? 0)) / 2
        let isRoom = high + 6 + extents.x <= Double(width)
        let x = isRoom ? high + 6 : max(low - 6 - extents.x, 0)
        // The first line belongs to the title.
        return SIMD2(x, min(max(middle - extents.y / 2, 30), Double(height) - extents.y))
    }

    // MARK: - Colours

    /// A colour from dark blue (low) over green to yellow (high), 0 to 1.
    static func heightColour(_ fraction: Double) -> SIMD3<Double> {
        let stops: [SIMD3<Double>] = [
            SIMD3(0.25, 0.28, 0.55), SIMD3(0.15, 0.55, 0.60), SIMD3(0.35, 0.72, 0.42), SIMD3(0.85, 0.82, 0.25),
            SIMD3(1, 0.95, 0.65),
        ]
        let place = min(max(fraction, 0), 1) * Double(stops.count - 1)
        let index = min(Int(place), stops.count - 2)
        return stops[index] + (place - Double(index)) * (stops[index + 1] - stops[index])
    }

    /// A class's colour.
    static func classColour(_ label: Int) -> SIMD3<Double> {
        let colours: [SIMD3<Double>] = [
            SIMD3(1, 0.42, 0.30), SIMD3(0.35, 0.75, 1), SIMD3(0.95, 0.85, 0.25), SIMD3(0.60, 0.95, 0.45),
            SIMD3(0.95, 0.50, 0.90), SIMD3(1, 0.65, 0.20), SIMD3(0.45, 0.95, 0.85), SIMD3(0.75, 0.65, 1),
            SIMD3(1, 0.75, 0.75), SIMD3(0.8, 0.8, 0.8),
        ]
        return colours[label % colours.count]
    }

    /// `#rrggbb`.
    static func hex(_ colour: SIMD3<Double>) -> String {
        "#"
            + [colour.x, colour.y, colour.z].map { value in
                let text = String(Int((min(max(value, 0), 1) * 255).rounded()), radix: 16)
                return text.count == 1 ? "0" + text : text
            }.joined()
    }

    /// The picture's background.
    static let background = SIMD3(0.06, 0.07, 0.09)
    /// Rings around the sensor, every ten metres.
    static let ringColour = SIMD3(0.20, 0.22, 0.26)
    /// The rings' distances.
    static let ringTextColour = SIMD3(0.42, 0.46, 0.53)
}
