// SPDX-License-Identifier: Apache-2.0

public import Alula

/// Keeps the best of boxes that overlap when seen from above.
///
/// Boxes are taken in descending order of score (of equals the lower index); one stays unless its intersection over union
/// with a box that stayed, both as rotated rectangles, exceeds the threshold. Overlaps are exact, in `float64`.
///
/// src: boxes `[M, 7]` (float32) and scores `[M]` (float32) as ``AnchorDecode`` gives them, labels `[M]` (int32), how many
/// count (int32: the first element), then any number of further tensors `[M]` (float32 or int32). dst, with `R` the limit:
/// boxes `[R, 7]`, scores `[R]`, labels `[R]`, the number of boxes `[1]` (int32), then the further tensors, all in the order
/// of the boxes that stayed; elements behind the last box are 0.
public struct RotatedNMS: Operator {
    /// `RotatedNMS`.
    public static let name = "RotatedNMS"

    /// The overlap above which the lesser of two boxes goes.
    public var overlapThreshold: Float
    /// The most boxes.
    public var limit: Int
    /// Whether only boxes of one label compete.
    public var isPerClass: Bool

    /// A suppression.
    public init(overlapThreshold: Float, limit: Int, isPerClass: Bool) throws(OperatorError) {
        try checkLimit(limit, "limit", for: Self.name)
        guard overlapThreshold >= 0, overlapThreshold <= 1 else {
            throw .invalidAttribute(
                operator: Self.name,
                attribute: "iou_threshold",
                got: "\(overlapThreshold)",
                expected: "0 to 1"
            )
        }
        self.overlapThreshold = overlapThreshold
        self.limit = limit
        self.isPerClass = isPerClass
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        try self.init(
            overlapThreshold: try attributes.float("iou_threshold", for: Self.name),
            limit: try attributes.integer("limit", for: Self.name),
            isPerClass: try attributes.bool("per_class", default: false, for: Self.name)
        )
    }

    /// Threshold, limit, and which boxes compete.
    public var attributes: Attributes {
        [
            "iou_threshold": .float(overlapThreshold), "limit": .integer(limit),
            "per_class": .integer(isPerClass ? 1 : 0),
        ]
    }

    /// See the type's description.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 4 ... .max)
        let boxes = try inputs.required(0).shape
        guard boxes.rank == 2, boxes[1] == 7 else {
            throw .shapeMismatch(operator: Self.name, input: 0, got: boxes, expected: "[M, 7]")
        }
        try inputs.require([.float32], of: 0)
        try inputs.require([.float32], of: 1)
        try inputs.require([.int32], of: 2)
        try inputs.require([.int32], of: 3)
        var types = [
            TensorType(.float32, [limit, 7]), TensorType(.float32, [limit]), TensorType(.int32, [limit]),
            TensorType(.int32, [1]),
        ]
        for index in 1..<inputs.inputs.count {
            let shape = try inputs.required(index).shape
            let isExpected = index == 3 ? shape.elementCount >= 1 : shape == [boxes[0]]
            guard isExpected else {
                let expected = index == 3 ? "one element" : "[\(boxes[0])], one for each box of input 0"
                throw .shapeMismatch(operator: Self.name, input: index, got: shape, expected: expected)
            }
            guard index > 3 else { continue }
            try inputs.require([.float32, .int32], of: index)
            types.append(TensorType(try inputs.required(index).dataType, [limit]))
        }
        return types
    }

    /// The definition, and what runs.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let boxes = inputs[0], let scores = inputs[1], let labels = inputs[2], let count = inputs[3] else {
            return
        }
        let used = Int(count.span(of: Int32.self)[0])
        guard (0...boxes.shape[0]).contains(used) else {
            throw .invalidValue(
                operator: Self.name,
                input: 3,
                got: "\(used) boxes",
                expected: "0 to \(boxes.shape[0])"
            )
        }
        let kept = keep(boxes, scores, labels, used)
        for (index, output) in outputs.enumerated() {
            guard let output else { continue }
            if index == 3 {
                var elements = output.mutableSpan(of: Int32.self)
                elements[0] = Int32(kept.count)
            } else if let source = inputs[index] {
                gather(source, kept, into: output)
            }
        }
    }

    /// The indices of the boxes that stay, best first.
    private func keep(_ boxes: Tensor, _ scores: Tensor, _ labels: Tensor, _ count: Int) -> [Int] {
        let (values, ratings) = (boxes.span(of: Float.self), scores.elements(as: Float.self))
        let classes = labels.elements(as: Int32.self)
        let rectangles = (0..<count).map { box in
            RotatedRectangle(
                x: Double(values[box * 7]),
                y: Double(values[box * 7 + 1]),
                length: Double(values[box * 7 + 3]),
                width: Double(values[box * 7 + 4]),
                yaw: Double(values[box * 7 + 6])
            )
        }
        let order = (0..<count).sorted { ratings[$0] == ratings[$1] ? $0 < $1 : ratings[$0] > ratings[$1] }
        let threshold = Double(overlapThreshold)
        var kept: [Int] = []
        for box in order {
            let isCovered = kept.contains { other in
                (!isPerClass || classes[other] == classes[box])
                    && rectangles[box].intersectionOverUnion(rectangles[other]) > threshold
            }
            if isCovered { continue }
            kept.append(box)
            if kept.count == limit { break }
        }
        return kept
    }

    private func gather(_ source: Tensor, _ rows: [Int], into target: Tensor) {
        let width = target.elementCount / max(target.shape[0], 1)
        func move<T: Element>(_: T.Type) {
            let src = source.span(of: T.self)
            var dst = target.mutableSpan(of: T.self)
            dst.update(repeating: T.zeroElement)
            for (position, row) in rows.enumerated() {
                for column in 0..<width { dst[position * width + column] = src[row * width + column] }
            }
        }
        if source.dataType == .float32 { move(Float.self) } else { move(Int32.self) }
    }

    /// Zero: comparisons of boxes only, as many as the content asks for.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
