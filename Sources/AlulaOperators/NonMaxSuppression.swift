// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Keeps the best of overlapping boxes.
///
/// For every image and class, boxes are taken in descending order of score; a box stays unless its intersection over
/// union with one that stayed exceeds the threshold. Of equal scores the lower index is better.
///
/// boxes `[N, B, 4]` (float32), as two opposite corners `y₁, x₁, y₂, x₂` in any order, or as centre and extents
/// `x, y, width, height` if ``isCentered``; scores `[N, C, B]` (float32); inputs 2 to 4, optional scalars: the most boxes
/// a class (int64; 0 when omitted: none), the overlap threshold (float32; 0 when omitted), the score that must be
/// exceeded (float32). dst `[K, 3]` (int64): image, class and box of each box that stays, in that order. `K` depends on
/// the content of the inputs. Source: ONNX NonMaxSuppression, opset 11. TensorRT counterpart: `INMSLayer`.
public struct NonMaxSuppression: Operator {
    /// `NonMaxSuppression`.
    public static let name = "NonMaxSuppression"

    /// Whether boxes are centre and extents instead of corners.
    public var isCentered: Bool

    /// A suppression.
    public init(isCentered: Bool = false) { self.isCentered = isCentered }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        isCentered = try attributes.bool("center_point_box", default: false, for: Self.name)
    }

    /// ONNX's name: `center_point_box`.
    public var attributes: Attributes { ["center_point_box": .integer(isCentered ? 1 : 0)] }

    /// `[K, 3]`; needs the content of all inputs.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...5)
        for index in 0...1 {
            try inputs.require([.float32], of: index)
            try inputs.require(rank: 3...3, of: index)
        }
        let (boxes, scores) = (try inputs.required(0).shape, try inputs.required(1).shape)
        guard boxes[2] == 4 else {
            throw .shapeMismatch(operator: Self.name, input: 0, got: boxes, expected: "[N, B, 4]")
        }
        guard scores[0] == boxes[0], scores[2] == boxes[1] else {
            let expected = "[\(boxes[0]), C, \(boxes[1])]"
            throw .shapeMismatch(operator: Self.name, input: 1, got: scores, expected: expected)
        }
        for index in 2...4 where inputs[index] != nil {
            try inputs.require([index == 2 ? .int64 : .float32], of: index)
            let shape = try inputs.required(index).shape
            guard shape.elementCount == 1 else {
                throw .shapeMismatch(operator: Self.name, input: index, got: shape, expected: "one element")
            }
        }
        var values: [Tensor?] = []
        for index in inputs.inputs.indices { values.append(inputs[index] == nil ? nil : try inputs.value(index)) }
        return [TensorType(.int64, [selection(values).count / 3, 3])]
    }

    /// The scalar definition; overlaps are computed in float32.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let dst = outputs[0] else { return }
        var target = dst.mutableSpan(of: Int64.self)
        for (index, value) in selection(inputs).enumerated() where index < target.count { target[index] = value }
    }

    /// Image, class and box of each box that stays.
    private func selection(_ inputs: [Tensor?]) -> [Int64] {
        guard let boxes = inputs.operand(0), let scores = inputs.operand(1) else { return [] }
        let limit = inputs.operand(2)?.elements(as: Int64.self).first ?? 0
        let overlap = inputs.operand(3)?.elements(as: Float.self).first ?? 0
        let threshold = inputs.operand(4)?.elements(as: Float.self).first
        let (classes, count) = (scores.shape[1], scores.shape[2])
        let values = scores.span(of: Float.self)
        var selection: [Int64] = []
        for image in 0..<scores.shape[0] {
            let rectangles = rectangles(boxes, image: image)
            for label in 0..<classes {
                let start = (image * classes + label) * count
                var candidates: [(box: Int, score: Float)] = []
                for box in 0..<count {
                    let score = values[start + box]
                    if let threshold, !(score > threshold) { continue }
                    candidates.append((box, score))
                }
                candidates.sort { $0.score == $1.score ? $0.box < $1.box : $0.score > $1.score }
                var kept: [Int] = []
                for (box, _) in candidates where kept.count < limit {
                    if kept.contains(where: { rectangles[$0].overlaps(rectangles[box], by: overlap) }) { continue }
                    kept.append(box)
                    selection += [Int64(image), Int64(label), Int64(box)]
                }
            }
        }
        return selection
    }

    private func rectangles(_ boxes: Tensor, image: Int) -> [Rectangle] {
        let values = boxes.span(of: Float.self)
        return (0..<boxes.shape[1]).map { box in
            let start = (image * boxes.shape[1] + box) * 4
            let (a, b, c, d) = (values[start], values[start + 1], values[start + 2], values[start + 3])
            return isCentered
                ? Rectangle(top: b - d / 2, left: a - c / 2, bottom: b + d / 2, right: a + c / 2)
                : Rectangle(top: min(a, c), left: min(b, d), bottom: max(a, c), right: max(b, d))
        }
    }

    /// A box with ordered corners.
    private struct Rectangle {
        var top: Float
        var left: Float
        var bottom: Float
        var right: Float

        var area: Float { (bottom - top) * (right - left) }

        /// Whether the intersection over union exceeds `threshold`.
        func overlaps(_ other: Rectangle, by threshold: Float) -> Bool {
            let height = min(bottom, other.bottom) - max(top, other.top)
            let width = min(right, other.right) - max(left, other.left)
            guard height > 0, width > 0, area > 0, other.area > 0 else { return false }
            let intersection = height * width
            let union = area + other.area - intersection
            return union > 0 && intersection / union > threshold
        }
    }

    /// Zero: comparisons of boxes only, as many as the content asks for.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
