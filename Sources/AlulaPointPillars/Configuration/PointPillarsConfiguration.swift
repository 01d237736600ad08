// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// Everything about a PointPillars network that its weights do not say.
public struct PointPillarsConfiguration: Sendable, Hashable {
    /// The pillars.
    public var grid: PillarGrid
    /// The most pillars of a cloud; those that appear later are dropped and counted.
    public var maxPillars: Int
    /// The most points of a pillar; those that appear later are dropped and counted.
    public var maxPointsPerPillar: Int
    /// Features of a point: x, y, z, then others.
    public var fieldCount: Int
    /// See ``PillarDecoration/referenceOffset``; usually the middle of the pillar in row 0, column 0.
    public var referenceOffset: SIMD3<Float>
    /// Names of the classes in the order of the head's logits.
    public var classNames: [String]
    /// The anchors.
    public var anchors: AnchorSet
    /// The direction classifier; nil when the network has none.
    public var direction: AnchorDecode.Direction?
    /// The fewest pillars under an anchor that is worth looking at; 0 looks at all.
    public var minPillarsUnderAnchor: Int
    /// Pillars between neighbouring cells of the head, in rows and columns; nil takes what the network has.
    public var headStride: Int?
    /// The lowest score of a box, 0 to 1.
    public var scoreThreshold: Float
    /// The most boxes that enter suppression.
    public var candidateLimit: Int
    /// The overlap above which the lesser of two boxes goes.
    public var overlapThreshold: Float
    /// The most boxes that leave suppression.
    public var boxLimit: Int
    /// Whether only boxes of one class compete.
    public var isPerClass: Bool

    /// A configuration for `grid` with its reference points in the middle of the pillars, without anchors' mask.
    ///
    /// - Throws: ``PointPillarsError/configuration(field:got:expected:)``.
    public init(
        grid: PillarGrid,
        maxPillars: Int,
        maxPointsPerPillar: Int,
        fieldCount: Int = 4,
        classNames: [String],
        anchors: AnchorSet,
        direction: AnchorDecode.Direction? = nil,
        minPillarsUnderAnchor: Int = 0,
        scoreThreshold: Float = 0.1,
        candidateLimit: Int = 4096,
        overlapThreshold: Float = 0.01,
        boxLimit: Int = 500,
        isPerClass: Bool = false
    ) throws(PointPillarsError) {
        self.grid = grid
        self.maxPillars = maxPillars
        self.maxPointsPerPillar = maxPointsPerPillar
        self.fieldCount = fieldCount
        referenceOffset = grid.minimum + grid.pillarSize / 2
        self.classNames = classNames
        self.anchors = anchors
        self.direction = direction
        self.minPillarsUnderAnchor = minPillarsUnderAnchor
        self.scoreThreshold = scoreThreshold
        self.candidateLimit = candidateLimit
        self.overlapThreshold = overlapThreshold
        self.boxLimit = boxLimit
        self.isPerClass = isPerClass
        try check()
    }

    /// Checks what has been changed since.
    ///
    /// - Throws: ``PointPillarsError/configuration(field:got:expected:)`` for the first field that is out of range.
    public func check() throws(PointPillarsError) {
        do {
            for (name, value) in [
                ("MAX_NUMBER_OF_VOXELS", maxPillars), ("MAX_POINTS_PER_VOXEL", maxPointsPerPillar),
                ("NMS_PRE_MAXSIZE", candidateLimit), ("NMS_POST_MAXSIZE", boxLimit),
            ] {
                try requireParameter((1...1 << 24).contains(value), name, got: "\(value)", expected: "1 to \(1 << 24)")
            }
            try requireParameter(
                (3...64).contains(fieldCount),
                "used_feature_list",
                got: "\(fieldCount) features",
                expected: "3 to 64, x, y and z first"
            )
            try requireParameter(!classNames.isEmpty, "CLASS_NAMES", got: "none", expected: "one or more")
            try requireParameter(
                Set(classNames).count == classNames.count,
                "CLASS_NAMES",
                got: "\(classNames)",
                expected: "every name once"
            )
            try requireParameter(
                minPillarsUnderAnchor >= 0,
                "ANCHOR_MASK.MIN_PILLARS",
                got: "\(minPillarsUnderAnchor)",
                expected: "0 or more"
            )
            try requireParameter(
                headStride.map { $0 >= 1 } ?? true,
                "feature_map_stride",
                got: "\(headStride ?? 0)",
                expected: "1 or more"
            )
            for (name, value) in [("SCORE_THRESH", scoreThreshold), ("NMS_THRESH", overlapThreshold)] {
                try requireParameter(value >= 0 && value <= 1, name, got: "\(value)", expected: "0 to 1")
            }
        } catch {
            throw PointPillarsError(error)
        }
    }

    /// The name of a class; its number where a label has none.
    public func className(_ label: Int) -> String {
        classNames.indices.contains(label) ? classNames[label] : "class \(label)"
    }
}
