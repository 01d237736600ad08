// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// What a pillar network is told of every point: its own features, its distance from the mean of its pillar's points along
/// x, y and z, and its distance from a reference point of the pillar along x, y and perhaps z.
///
/// The reference point of the pillar in row `r` and column `c` is `(c·sx + ox, r·sy + oy, oz)` in `float32`, with the pillar
/// sizes `s` and the offsets `o`. Source: Lang et al., CVPR 2019, §2.1.
public struct PillarDecoration: Sendable, Hashable {
    /// Features a point has by itself: x, y, z, then others.
    public var fieldCount: Int
    /// Axes of the distance from the reference point: 2 in nutonomy's and SECOND's networks, 3 in OpenPCDet's.
    public var referenceAxisCount: Int
    /// Extents of one pillar, metres.
    public var pillarSize: SIMD3<Float>
    /// The reference point of the pillar in row 0, column 0, metres.
    public var referenceOffset: SIMD3<Float>

    /// A decoration.
    public init(
        fieldCount: Int,
        referenceAxisCount: Int,
        pillarSize: SIMD3<Float>,
        referenceOffset: SIMD3<Float>
    ) {
        self.fieldCount = fieldCount
        self.referenceAxisCount = referenceAxisCount
        self.pillarSize = pillarSize
        self.referenceOffset = referenceOffset
    }

    /// Decorated features of a point.
    public var featureCount: Int { fieldCount + 3 + referenceAxisCount }

    init(_ attributes: Attributes, for op: String) throws(OperatorError) {
        fieldCount = try attributes.integer("fields", for: op)
        referenceAxisCount = try attributes.integer("reference_axes", for: op)
        let size = try attributes.floats("pillar_size", count: 3, for: op)
        let offset = try attributes.floats("reference_offset", count: 3, for: op)
        pillarSize = SIMD3(size[0], size[1], size[2])
        referenceOffset = SIMD3(offset[0], offset[1], offset[2])
        guard (3...64).contains(fieldCount) else {
            throw .invalidAttribute(operator: op, attribute: "fields", got: "\(fieldCount)", expected: "3 to 64")
        }
        guard (2...3).contains(referenceAxisCount) else {
            throw .invalidAttribute(
                operator: op,
                attribute: "reference_axes",
                got: "\(referenceAxisCount)",
                expected: "2 or 3"
            )
        }
    }

    var attributes: [String: AttributeValue] {
        [
            "fields": .integer(fieldCount),
            "reference_axes": .integer(referenceAxisCount),
            "pillar_size": .floats([pillarSize.x, pillarSize.y, pillarSize.z]),
            "reference_offset": .floats([referenceOffset.x, referenceOffset.y, referenceOffset.z]),
        ]
    }

    // MARK: - One pillar

    /// The mean of a pillar's points: summed in their order in `float32`, then divided.
    ///
    /// - Parameter points: `[count, fieldCount]`, at least one point.
    @inline(__always)
    func mean(of points: Span<Float>) -> SIMD3<Float> {
        var sum = SIMD3<Float>.zero
        var start = 0
        while start < points.count {
            sum += SIMD3(points[start], points[start + 1], points[start + 2])
            start += fieldCount
        }
        return sum / Float(points.count / fieldCount)
    }

    /// The reference point of a pillar.
    @inline(__always)
    func reference(row: Int32, column: Int32) -> SIMD3<Float> {
        SIMD3(
            Float(column) * pillarSize.x + referenceOffset.x,
            Float(row) * pillarSize.y + referenceOffset.y,
            referenceOffset.z
        )
    }

    /// The features of one point (`fieldCount` elements) into `features` (`featureCount` elements).
    @inline(__always)
    func decorate(
        _ point: Span<Float>,
        mean: SIMD3<Float>,
        reference: SIMD3<Float>,
        into features: inout MutableSpan<Float>
    ) {
        for field in 0..<fieldCount { features[field] = point[field] }
        for axis in 0..<3 { features[fieldCount + axis] = point[axis] - mean[axis] }
        for axis in 0..<referenceAxisCount { features[fieldCount + 3 + axis] = point[axis] - reference[axis] }
    }
}
