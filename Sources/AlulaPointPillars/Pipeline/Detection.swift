// SPDX-License-Identifier: Apache-2.0

public import Alula

/// One box around an object.
///
/// x forward, y left, z up; metres and radians.
public struct Detection: Sendable, Hashable {
    /// The class, as a number.
    public var label: Int
    /// The class, as the configuration calls it.
    public var className: String
    /// The middle of the box.
    public var centre: SIMD3<Float>
    /// Along the heading.
    public var length: Float
    /// Across the heading.
    public var width: Float
    /// Upwards.
    public var height: Float
    /// The heading in `[-π, π)`, counter-clockwise from +x.
    public var yaw: Float
    /// How sure the network is, 0 to 1.
    public var score: Float
    /// The anchor the box came from: `(row·W + column)·A + anchor`.
    public var anchor: Int
    /// By how much the direction classifier preferred the last direction; near zero the yaw may be turned by π.
    public var directionMargin: Float

    /// A box.
    public init(
        label: Int,
        className: String,
        centre: SIMD3<Float>,
        length: Float,
        width: Float,
        height: Float,
        yaw: Float,
        score: Float,
        anchor: Int = 0,
        directionMargin: Float = 0
    ) {
        self.label = label
        self.className = className
        self.centre = centre
        self.length = length
        self.width = width
        self.height = height
        self.yaw = yaw
        self.score = score
        self.anchor = anchor
        self.directionMargin = directionMargin
    }
}

/// What became of a cloud's points and anchors: every one that was left out is in one of the counts.
public struct DetectionCounters: Sendable, Hashable {
    private let cloud: [Int32]
    private let anchors: [Int32]

    init(cloud: [Int32], anchors: [Int32]) {
        self.cloud = cloud
        self.anchors = anchors
    }

    /// A count of points or pillars.
    public subscript(counter: Voxelise.Counter) -> Int { Int(cloud[counter.rawValue]) }

    /// A count of anchors.
    public subscript(counter: AnchorDecode.Counter) -> Int { Int(anchors[counter.rawValue]) }

    /// Points inside the grid, kept or not.
    public var inRangePoints: Int { self[.keptPoints] + self[.pointLimitPoints] + self[.pillarLimitPoints] }

    /// Points inside the grid that a limit left out.
    public var limitedPoints: Int { self[.pointLimitPoints] + self[.pillarLimitPoints] }

    /// One sentence for every limit that was reached and for points that are not numbers; empty when nothing was dropped.
    public var warnings: [String] {
        var sentences: [String] = []
        if self[.points] == 0 { sentences.append("the cloud is empty") }
        if self[.nonFinitePoints] > 0 {
            sentences.append("\(self[.nonFinitePoints]) of \(self[.points]) points are not finite and were left out")
        }
        if self[.points] > 0, inRangePoints == 0 {
            sentences.append("none of \(self[.points]) points lies in the range the network looks at")
        }
        if self[.pointLimitPoints] > 0 {
            sentences.append("\(self[.pointLimitPoints]) points were beyond the limit of points of their pillar")
        }
        if self[.droppedPillars] > 0 {
            sentences.append(
                "\(self[.droppedPillars]) pillars with \(self[.pillarLimitPoints]) points were beyond the pillar limit"
            )
        }
        if self[.dropped] > 0 { sentences.append("\(self[.dropped]) candidate boxes were beyond the limit") }
        if self[.nonFinite] > 0 { sentences.append("\(self[.nonFinite]) candidate boxes were not finite") }
        return sentences
    }
}

/// What a detector found in one cloud.
public struct Detections: Sendable {
    /// The boxes, best first.
    public var boxes: [Detection]
    /// What became of points and anchors.
    public var counters: DetectionCounters
    /// How long each stage took, milliseconds; stages that were not timed are absent.
    public var stageMilliseconds: [Stage: Double]
    /// All outputs of the engine by name, if they were asked for.
    public var tensors: [String: Tensor]

    init(
        boxes: [Detection],
        counters: DetectionCounters,
        stageMilliseconds: [Stage: Double],
        tensors: [String: Tensor]
    ) {
        self.boxes = boxes
        self.counters = counters
        self.stageMilliseconds = stageMilliseconds
        self.tensors = tensors
    }
}
