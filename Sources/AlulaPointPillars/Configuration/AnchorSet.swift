// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// How the first seven numbers of a head describe a box relative to an anchor.
public enum BoxCoding: String, Sendable, Hashable, CaseIterable {
    /// OpenPCDet's: x, y, z, length, width, height, rotation; rotation 0 lies along x, counter-clockwise.
    case openPCDet = "openpcdet"
    /// SECOND's and nutonomy's: x, y, z, width, length, height, rotation; rotation 0 lies along y, clockwise.
    case second
}

/// One box shape that is tried at every output cell.
public struct Anchor: Sendable, Hashable {
    /// Along the heading, metres.
    public var length: Float
    /// Across the heading, metres.
    public var width: Float
    /// Metres.
    public var height: Float
    /// Height of the lower face, metres.
    public var bottom: Float
    /// Rotation in the words of the ``BoxCoding``, radians.
    public var rotation: Float

    /// An anchor.
    public init(length: Float, width: Float, height: Float, bottom: Float, rotation: Float) {
        self.length = length
        self.width = width
        self.height = height
        self.bottom = bottom
        self.rotation = rotation
    }
}

/// The boxes a detection head is relative to: the same anchors at every cell of its output.
public struct AnchorSet: Sendable, Hashable {
    /// The part of space the head looks at, metres; x, y, z of the lower corner.
    public var minimum: SIMD3<Float>
    /// x, y, z of the upper corner.
    public var maximum: SIMD3<Float>
    /// The anchors of one cell, in the order of the head's channels.
    public var anchors: [Anchor]
    /// Whether anchors stand in the middle of output cells; else the first and the last stand on the edges of the range.
    public var isCentred: Bool
    /// What the head's numbers mean.
    public var coding: BoxCoding
    /// Numbers a head has for a box: the seven of the coding, then others that are passed over, as nuScenes' velocities.
    public var codeCount = 7

    /// A set of anchors.
    ///
    /// - Throws: ``PointPillarsError/configuration(field:got:expected:)``.
    public init(
        minimum: SIMD3<Float>,
        maximum: SIMD3<Float>,
        anchors: [Anchor],
        isCentred: Bool,
        coding: BoxCoding,
        codeCount: Int = 7
    ) throws(PointPillarsError) {
        self.minimum = minimum
        self.maximum = maximum
        self.anchors = anchors
        self.isCentred = isCentred
        self.coding = coding
        self.codeCount = codeCount
        do {
            try check()
        } catch {
            throw PointPillarsError(error)
        }
    }

    /// Reads the attributes `range`, `anchors` (length, width, height, bottom, rotation of each), `centred` and `coding`.
    init(_ attributes: Attributes, for op: String) throws(OperatorError) {
        let range = try attributes.floats("range", count: 6, for: op)
        let numbers = try attributes.floatsIfPresent("anchors", for: op) ?? []
        let code = try attributes.string("coding", for: op)
        guard let coding = BoxCoding(rawValue: code) else {
            let expected = BoxCoding.allCases.map(\.rawValue).joined(separator: " or ")
            throw .invalidAttribute(operator: op, attribute: "coding", got: code, expected: expected)
        }
        minimum = SIMD3(range[0], range[1], range[2])
        maximum = SIMD3(range[3], range[4], range[5])
        anchors = stride(from: 0, to: numbers.count - numbers.count % 5, by: 5).map { start in
            Anchor(
                length: numbers[start],
                width: numbers[start + 1],
                height: numbers[start + 2],
                bottom: numbers[start + 3],
                rotation: numbers[start + 4]
            )
        }
        isCentred = try attributes.bool("centred", default: false, for: op)
        self.coding = coding
        codeCount = try attributes.integer("codes", default: 7, for: op)
        do {
            try check()
        } catch {
            throw error.operatorError(op)
        }
    }

    /// The attributes ``init(_:for:)`` reads.
    var attributes: [String: AttributeValue] {
        [
            "range": .floats([minimum.x, minimum.y, minimum.z, maximum.x, maximum.y, maximum.z]),
            "anchors": .floats(anchors.flatMap { [$0.length, $0.width, $0.height, $0.bottom, $0.rotation] }),
            "centred": .integer(isCentred ? 1 : 0),
            "coding": .string(coding.rawValue), "codes": .integer(codeCount),
        ]
    }

    private func check() throws(ParameterProblem) {
        try requireParameter(
            (1...256).contains(anchors.count),
            "anchors",
            got: "\(anchors.count)",
            expected: "1 to 256 a cell"
        )
        try requireParameter(
            (7...64).contains(codeCount),
            "code_size",
            got: "\(codeCount)",
            expected: "7 numbers for a box, or more of which the rest is passed over"
        )
        for axis in 0..<3 {
            try requireParameter(
                minimum[axis].isFinite && maximum[axis].isFinite && minimum[axis] < maximum[axis],
                "point cloud range",
                got: "\(minimum[axis]) to \(maximum[axis])",
                expected: "finite numbers, the lower one first"
            )
        }
        for anchor in anchors {
            let isSize = [anchor.length, anchor.width, anchor.height].allSatisfy { $0 > 0 && $0.isFinite }
            try requireParameter(
                isSize && anchor.bottom.isFinite && anchor.rotation.isFinite,
                "anchor_sizes",
                got:
                    "\(anchor.length) × \(anchor.width) × \(anchor.height) at \(anchor.bottom), \(anchor.rotation) rad",
                expected: "positive sizes and finite places"
            )
        }
    }

    // MARK: - Places

    /// The centre of output cell `index` of `count` along x (axis 0) or y (axis 1), metres.
    func centre(_ index: Int, of count: Int, axis: Int) -> Double {
        let (low, high) = (Double(minimum[axis]), Double(maximum[axis]))
        if isCentred { return low + (Double(index) + 0.5) * (high - low) / Double(count) }
        return low + Double(index) * (high - low) / Double(max(count - 1, 1))
    }

    /// Extents of an anchor along x and y, its rotation taken to the nearest right angle, metres.
    func footprint(_ anchor: Anchor) -> (x: Double, y: Double) {
        let turns = (Double(anchor.rotation) / (.pi / 2)).rounded()
        let isTurned = turns.truncatingRemainder(dividingBy: 2) != 0
        let isAlongX = (coding == .openPCDet) != isTurned
        let (length, width) = (Double(anchor.length), Double(anchor.width))
        return isAlongX ? (length, width) : (width, length)
    }
}
