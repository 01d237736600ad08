// SPDX-License-Identifier: Apache-2.0

public import Alula

/// Turns a detection head's numbers into the best boxes, best first.
///
/// The score of an anchor is the largest of its class logits, its label that class; anchors below the threshold, masked
/// ones and those whose box is not finite are left out. The threshold is applied to logits, so that no exponential is
/// computed for the anchors that fail, and the boxes with the highest logits stay (of equals the lower anchor), up to the
/// limit. The direction classifier decides between a rotation and its opposite. Boxes are computed in `float64`.
///
/// src, with `A` anchors a cell, all float32: box codes `[1, H, W, A·K]`, `K` of ``AnchorSet/codeCount``, class logits `[1, H, W, A·C]`, optional direction
/// logits `[1, H, W, A·B]`, optional mask `[H, W, A]` (bool). dst, with `M` the limit:
/// 0. boxes `[M, 7]`: x, y, z of the centre, length, width, height, yaw, metres and radians, yaw in `[-π, π)`
///    counter-clockwise from +x along the length; 1. scores `[M]`;
/// 2. labels `[M]` (int32); 3. anchor numbers `[M]` (int32), `(row·W + column)·A + anchor`; 4. difference of the two highest
///    direction logits, positive when the last direction wins `[M]`; 5. the counters of ``Counter`` `[4]` (int32).
/// Elements behind the last box are 0.
public struct AnchorDecode: Operator {
    /// `AnchorDecode`.
    public static let name = "AnchorDecode"

    /// What the elements of output 5 count.
    public enum Counter: Int, Sendable, CaseIterable {
        /// Boxes kept.
        case boxes
        /// Anchors whose score reaches the threshold and that no mask rules out.
        case candidates
        /// Candidates beyond the limit.
        case dropped
        /// Candidates with a box that is not finite.
        case nonFinite
    }

    /// The direction classifier of a head.
    public struct Direction: Sendable, Hashable {
        /// Directions the full circle is divided into.
        public var binCount: Int
        /// Where the first direction begins, radians; OpenPCDet's `DIR_OFFSET`. SECOND's rule knows none.
        public var offset: Float
        /// Where the period is cut, as a fraction of it; OpenPCDet's `DIR_LIMIT_OFFSET`.
        public var limitOffset: Float

        /// A direction classifier.
        public init(binCount: Int = 2, offset: Float = 0, limitOffset: Float = 0) {
            self.binCount = binCount
            self.offset = offset
            self.limitOffset = limitOffset
        }
    }

    /// The anchors.
    public var anchors: AnchorSet
    /// Class logits an anchor has.
    public var classCount: Int
    /// The direction classifier, if there is one.
    public var direction: Direction?
    /// The lowest score that is kept, between 0 and 1.
    public var scoreThreshold: Float
    /// The most boxes; 0 keeps all.
    public var limit: Int

    /// A decoding.
    public init(
        anchors: AnchorSet,
        classCount: Int,
        direction: Direction?,
        scoreThreshold: Float,
        limit: Int
    ) throws(OperatorError) {
        try checkLimit(classCount, "classes", for: Self.name)
        if limit != 0 { try checkLimit(limit, "limit", for: Self.name) }
        guard scoreThreshold >= 0, scoreThreshold <= 1 else {
            throw .invalidAttribute(
                operator: Self.name,
                attribute: "score_thresh",
                got: "\(scoreThreshold)",
                expected: "0 to 1"
            )
        }
        if let direction { try Self.check(direction, anchors.coding) }
        self.anchors = anchors
        self.classCount = classCount
        self.direction = direction
        self.scoreThreshold = scoreThreshold
        self.limit = limit
    }

    private static func check(_ direction: Direction, _ coding: BoxCoding) throws(OperatorError) {
        let isBinCount = coding == .second ? direction.binCount == 2 : (2...64).contains(direction.binCount)
        guard isBinCount, direction.offset.isFinite, direction.limitOffset.isFinite else {
            throw .invalidAttribute(
                operator: name,
                attribute: "num_dir_bins, dir_offset, dir_limit_offset",
                got: "\(direction.binCount), \(direction.offset), \(direction.limitOffset)",
                expected: coding == .second ? "2 bins" : "2 to 64 bins and finite offsets"
            )
        }
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        let binCount = try attributes.integer("num_dir_bins", default: 0, for: Self.name)
        try self.init(
            anchors: try AnchorSet(attributes, for: Self.name),
            classCount: try attributes.integer("classes", for: Self.name),
            direction: binCount == 0
                ? nil
                : Direction(
                    binCount: binCount,
                    offset: try attributes.float("dir_offset", for: Self.name),
                    limitOffset: try attributes.float("dir_limit_offset", for: Self.name)
                ),
            scoreThreshold: try attributes.float("score_thresh", for: Self.name),
            limit: try attributes.integer("limit", for: Self.name)
        )
    }

    /// Anchors, classes, direction classifier, threshold and limit.
    public var attributes: Attributes {
        var values = anchors.attributes
        values["classes"] = .integer(classCount)
        values["score_thresh"] = .float(scoreThreshold)
        values["limit"] = .integer(limit)
        if let direction {
            values["num_dir_bins"] = .integer(direction.binCount)
            values["dir_offset"] = .float(direction.offset)
            values["dir_limit_offset"] = .float(direction.limitOffset)
        }
        return Attributes(values)
    }

    // MARK: - Shapes

    /// See the type's description.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...4)
        let kinds = anchors.anchors.count
        let box = try inputs.required(0).shape
        guard box.rank == 4, box[0] == 1, box[3] == kinds * anchors.codeCount else {
            let expected =
                "[1, H, W, \(kinds * anchors.codeCount)], \(anchors.codeCount) codes for each of \(kinds) anchors, one cloud"
            throw .shapeMismatch(operator: Self.name, input: 0, got: box, expected: expected)
        }
        try require([1, box[1], box[2], kinds * classCount], "\(classCount) classes", of: 1, inputs)
        if let direction {
            try require(
                [1, box[1], box[2], kinds * direction.binCount],
                "\(direction.binCount) directions",
                of: 2,
                inputs
            )
        } else if inputs[2] != nil {
            throw .inputCount(operator: Self.name, got: inputs.inputs.count, expected: "no direction logits")
        }
        for index in 0...2 where inputs[index] != nil { try inputs.require([.float32], of: index) }
        if inputs[3] != nil {
            try inputs.require([.bool], of: 3)
            let mask = try inputs.required(3).shape
            guard mask == [box[1], box[2], kinds] else {
                let expected = "\([box[1], box[2], kinds])"
                throw .shapeMismatch(operator: Self.name, input: 3, got: mask, expected: expected)
            }
        }
        let capacity = limit == 0 ? box[1] * box[2] * kinds : limit
        return [
            TensorType(.float32, [capacity, 7]), TensorType(.float32, [capacity]), TensorType(.int32, [capacity]),
            TensorType(.int32, [capacity]), TensorType(.float32, [capacity]),
            TensorType(.int32, [Counter.allCases.count]),
        ]
    }

    private func require(
        _ shape: Shape,
        _ what: String,
        of index: Int,
        _ inputs: CheckedInputs
    ) throws(OperatorError) {
        let got = try inputs.required(index).shape
        guard got == shape else {
            let expected = "\(shape), \(what) for each of \(anchors.anchors.count) anchors"
            throw .shapeMismatch(operator: Self.name, input: index, got: got, expected: expected)
        }
    }

    // MARK: - Evaluation

    /// Selects, then decodes what was selected.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let box = inputs[0], let logits = inputs[1] else { return }
        let mask = inputs.count > 3 ? inputs[3] : nil
        let directions = inputs.count > 2 ? inputs[2] : nil
        let (rows, columns) = (box.shape[1], box.shape[2])
        let capacity = limit == 0 ? rows * columns * anchors.anchors.count : limit
        let selection = AnchorSelection(logits, classCount: classCount, mask: mask, scoreThreshold: scoreThreshold)
        let decoder = AnchorDecoder(self, box: box, directions: directions)
        var writer = DetectionWriter(outputs)
        var nonFinite: Int32 = 0
        let best = selection.best(capacity)
        for candidate in best {
            let decoded = decoder.decode(Int(candidate.anchor))
            if decoded.isFinite { writer.append(decoded, candidate) } else { nonFinite += 1 }
        }
        writer.finish()
        guard outputs.count > 5, let counters = outputs[5] else { return }
        var elements = counters.mutableSpan(of: Int32.self)
        elements[Counter.boxes.rawValue] = Int32(writer.count)
        elements[Counter.candidates.rawValue] = Int32(selection.candidates.count)
        elements[Counter.dropped.rawValue] = Int32(selection.candidates.count - best.count)
        elements[Counter.nonFinite.rawValue] = nonFinite
    }

    /// One comparison an anchor.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
