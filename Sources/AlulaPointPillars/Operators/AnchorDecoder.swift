// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// A box as a detection head gives it.
struct DecodedBox {
    /// x, y, z of the centre, length, width, height, yaw.
    var values: (Double, Double, Double, Double, Double, Double, Double)
    /// Difference of the two highest direction logits, positive when the last direction wins; 0 without directions.
    var margin: Float

    var isFinite: Bool {
        let (x, y, z, l, w, h, yaw) = values
        // The largest float32: what overflows when stored is no box either.
        return [x, y, z, l, w, h, yaw].allSatisfy { abs($0) <= Double(Float.greatestFiniteMagnitude) }
    }
}

/// Computes boxes from codes, in `float64`.
struct AnchorDecoder {
    private let operation: AnchorDecode
    private let box: Tensor
    private let directions: Tensor?
    private let rowCount: Int
    private let columnCount: Int

    init(_ operation: AnchorDecode, box: Tensor, directions: Tensor?) {
        self.operation = operation
        self.box = box
        self.directions = directions
        (rowCount, columnCount) = (box.shape[1], box.shape[2])
    }

    /// The box of an anchor.
    func decode(_ number: Int) -> DecodedBox {
        let set = operation.anchors
        let (cell, kind) = number.quotientAndRemainder(dividingBy: set.anchors.count)
        let anchor = set.anchors[kind]
        let codes = box.span(of: Float.self).extracting(number * set.codeCount..<(number + 1) * set.codeCount)
        func code(_ index: Int) -> Double { Double(codes[index]) }
        let (row, column) = cell.quotientAndRemainder(dividingBy: columnCount)
        let (length, width, height) = (Double(anchor.length), Double(anchor.width), Double(anchor.height))
        let diagonal = (length * length + width * width).squareRoot()
        let (longCode, wideCode) = set.coding == .openPCDet ? (code(3), code(4)) : (code(4), code(3))
        let (bin, margin) = direction(number)
        return DecodedBox(
            values: (
                code(0) * diagonal + set.centre(column, of: columnCount, axis: 0),
                code(1) * diagonal + set.centre(row, of: rowCount, axis: 1),
                code(2) * height + Double(anchor.bottom) + height / 2,
                ElementaryFunctions.exp(longCode) * length,
                ElementaryFunctions.exp(wideCode) * width,
                ElementaryFunctions.exp(code(5)) * height,
                yaw(code(6) + Double(anchor.rotation), bin: bin)
            ),
            margin: margin
        )
    }

    /// The winning direction; of equals the first, or for SECOND, whose rule asks for "greater", the first as well.
    private func direction(_ number: Int) -> (bin: Int, margin: Float) {
        guard let directions, let binCount = operation.direction?.binCount else { return (0, 0) }
        let logits = directions.span(of: Float.self).extracting(number * binCount..<(number + 1) * binCount)
        var (best, second) = (0, -1)
        for bin in 1..<binCount {
            if logits[bin] > logits[best] {
                (best, second) = (bin, best)
            } else if second < 0 || logits[bin] > logits[second] {
                second = bin
            }
        }
        let margin = logits[best] - logits[second]
        return (best, best > second ? margin : -margin)
    }

    /// The yaw of a rotation in the words of the coding, once the direction is known.
    private func yaw(_ rotation: Double, bin: Int) -> Double {
        switch (operation.anchors.coding, operation.direction) {
        case (.second, nil): return Self.wrapped(-(rotation + .pi / 2))
        case (.second, _):
            let isTurned = (rotation > 0) != (bin > 0)
            return Self.wrapped(-((isTurned ? rotation + .pi : rotation) + .pi / 2))
        case (.openPCDet, nil): return Self.wrapped(rotation)
        case (.openPCDet, let direction?):
            let period = 2 * Double.pi / Double(direction.binCount)
            let (offset, limit) = (Double(direction.offset), Double(direction.limitOffset))
            let value = rotation - offset
            let within = value - (value / period + limit).rounded(.down) * period
            return Self.wrapped(within + offset + period * Double(bin))
        }
    }

    /// The same direction in `[-π, π)`.
    static func wrapped(_ angle: Double) -> Double {
        let turns = ((angle + .pi) / (2 * .pi)).rounded(.down)
        let result = angle - turns * 2 * .pi
        return result < .pi ? result : -.pi
    }
}

/// Fills the outputs of ``AnchorDecode``, box by box.
struct DetectionWriter {
    private let outputs: [Tensor?]
    private(set) var count = 0

    init(_ outputs: [Tensor?]) { self.outputs = outputs }

    /// Adds a box with its score.
    mutating func append(_ box: DecodedBox, _ candidate: AnchorCandidate) {
        if let boxes = output(0) {
            var elements = boxes.mutableSpan(of: Float.self)
            let (x, y, z, l, w, h, yaw) = box.values
            for (field, value) in [x, y, z, l, w, h, yaw].enumerated() { elements[count * 7 + field] = Float(value) }
        }
        put(Float(ElementaryFunctions.sigmoid(Double(candidate.logit))), 1)
        put(candidate.label, 2)
        put(candidate.anchor, 3)
        put(box.margin, 4)
        count += 1
    }

    /// Zeroes what is left of the outputs.
    func finish() {
        for index in 0..<5 {
            guard let tensor = output(index) else { continue }
            let width = tensor.elementCount / max(tensor.shape[0], 1)
            if tensor.dataType == .float32 {
                var elements = tensor.mutableSpan(of: Float.self)
                for element in count * width..<elements.count { elements[element] = 0 }
            } else {
                var elements = tensor.mutableSpan(of: Int32.self)
                for element in count * width..<elements.count { elements[element] = 0 }
            }
        }
    }

    private func output(_ index: Int) -> Tensor? { index < outputs.count ? outputs[index] : nil }

    private func put(_ value: Float, _ index: Int) {
        guard let tensor = output(index) else { return }
        var elements = tensor.mutableSpan(of: Float.self)
        elements[count] = value
    }

    private func put(_ value: Int32, _ index: Int) {
        guard let tensor = output(index) else { return }
        var elements = tensor.mutableSpan(of: Int32.self)
        elements[count] = value
    }
}
