// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// The part of space a network looks at, cut into pillars: columns along x, rows along y, one layer along z.
///
/// All arithmetic is `float32` with IEEE division, because points of real sensors often lie on a pillar's edge, where any
/// other arithmetic puts one point in two hundred into the neighbouring pillar.
public struct PillarGrid: Sendable, Hashable {
    /// The lower corner, metres.
    public let minimum: SIMD3<Float>
    /// The upper corner, metres; not part of the grid.
    public let maximum: SIMD3<Float>
    /// Extents of one pillar, metres.
    public let pillarSize: SIMD3<Float>
    /// Pillars along x.
    public let columnCount: Int
    /// Pillars along y.
    public let rowCount: Int

    /// The most cells a grid may have: 16 times the largest in use, far below what exhausts memory.
    static let cellCountLimit = 1 << 24

    /// A grid.
    ///
    /// - Throws: ``PointPillarsError/configuration(field:got:expected:)`` for empty ranges, for pillars that do not divide
    ///   the range, and for more than one layer along z.
    public init(
        minimum: SIMD3<Float>,
        maximum: SIMD3<Float>,
        pillarSize: SIMD3<Float>
    ) throws(PointPillarsError) {
        do {
            try self.init(checking: minimum, maximum, pillarSize)
        } catch {
            throw PointPillarsError(error)
        }
    }

    init(
        checking minimum: SIMD3<Float>,
        _ maximum: SIMD3<Float>,
        _ pillarSize: SIMD3<Float>
    ) throws(ParameterProblem) {
        var counts: [Int] = []
        for (axis, name) in ["x", "y", "z"].enumerated() {
            let (low, high, size) = (minimum[axis], maximum[axis], pillarSize[axis])
            try requireParameter(
                low.isFinite && high.isFinite && low < high,
                "point cloud range",
                got: "\(low) to \(high) along \(name)",
                expected: "finite numbers, the lower one first"
            )
            let count = ((high - low) / size).rounded()
            try requireParameter(
                size > 0 && count >= 1 && count <= Float(Self.cellCountLimit)
                    && abs((high - low) / size - count) <= 0.01,
                "voxel size",
                got: "\(size) m for \(high - low) m along \(name)",
                expected: "a size that divides the range"
            )
            counts.append(Int(count))
        }
        try requireParameter(
            counts[2] == 1,
            "voxel size",
            got: "\(counts[2]) layers along z",
            expected: "one: a pillar is as high as the range"
        )
        try requireParameter(
            counts[0] * counts[1] <= Self.cellCountLimit,
            "voxel size",
            got: "\(counts[0]) × \(counts[1]) pillars",
            expected: "at most \(Self.cellCountLimit)"
        )
        self.minimum = minimum
        self.maximum = maximum
        self.pillarSize = pillarSize
        (columnCount, rowCount) = (counts[0], counts[1])
    }

    /// Reads the attributes `range` (x, y, z of the lower corner, then of the upper one) and `pillar_size`.
    init(_ attributes: Attributes, for op: String) throws(OperatorError) {
        let range = try attributes.floats("range", count: 6, for: op)
        let size = try attributes.floats("pillar_size", count: 3, for: op)
        do {
            try self.init(
                checking: SIMD3(range[0], range[1], range[2]),
                SIMD3(range[3], range[4], range[5]),
                SIMD3(size[0], size[1], size[2])
            )
        } catch {
            throw error.operatorError(op)
        }
    }

    /// The attributes ``init(_:for:)`` reads.
    var attributes: [String: AttributeValue] {
        [
            "range": .floats([minimum.x, minimum.y, minimum.z, maximum.x, maximum.y, maximum.z]),
            "pillar_size": .floats([pillarSize.x, pillarSize.y, pillarSize.z]),
        ]
    }

    /// Pillars in all.
    public var cellCount: Int { columnCount * rowCount }
}
