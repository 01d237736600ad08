// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// The inputs of ``PillarFeatures`` by name, and its definition for one pillar.
struct PillarNetwork {
    let operation: PillarFeatures
    let points: Tensor
    let counts: Tensor
    let offsets: Tensor
    let cells: Tensor
    let counters: Tensor
    let weights: Tensor
    let bias: Tensor
    let secondWeights: Tensor?
    let tail: Tensor?
    /// Features after the first layer.
    let hiddenWidth: Int
    /// Features of a pillar.
    let width: Int

    /// Nil when an input is missing, which the shape rule has refused.
    init?(_ operation: PillarFeatures, _ inputs: [Tensor?]) {
        guard inputs.count >= 7, let points = inputs[0], let counts = inputs[1], let offsets = inputs[2],
            let cells = inputs[3], let counters = inputs[4], let weights = inputs[5], let bias = inputs[6]
        else { return nil }
        self.operation = operation
        self.points = points
        self.counts = counts
        self.offsets = offsets
        self.cells = cells
        self.counters = counters
        self.weights = weights
        self.bias = bias
        secondWeights = inputs.count > 7 ? inputs[7] : nil
        tail = inputs.count > 8 ? inputs[8] : nil
        hiddenWidth = weights.shape[1]
        width = secondWeights?.shape[2] ?? hiddenWidth
    }

    var decoration: PillarDecoration { operation.decoration }

    /// The pillars that exist.
    func pillarCount() throws(OperatorError) -> Int {
        let count = Int(counters.span(of: Int32.self)[Voxelise.Counter.pillars.rawValue])
        guard (0...counts.shape[0]).contains(count) else {
            throw refusal(4, "\(count) pillars", "0 to \(counts.shape[0])")
        }
        return count
    }

    /// The range, in `points`, of a pillar's elements.
    func elements(of pillar: Int) throws(OperatorError) -> Range<Int> {
        let count = Int(counts.span(of: Int32.self)[pillar])
        let first = Int(offsets.span(of: Int32.self)[pillar])
        guard count >= 1, count <= operation.slotCount, first >= 0, first <= points.shape[0] - count else {
            throw refusal(count: count, start: first)
        }
        return first * decoration.fieldCount..<(first + count) * decoration.fieldCount
    }

    /// What is thrown for a pillar with `count` points from `start` on.
    func refusal(count: Int, start: Int) -> OperatorError {
        refusal(1, "\(count) points from \(start) on", "1 to \(operation.slotCount) points inside input 0")
    }

    private func refusal(_ input: Int, _ got: String, _ expected: String) -> OperatorError {
        .invalidValue(operator: PillarFeatures.name, input: input, got: got, expected: expected)
    }

    // MARK: - The definition

    /// One pillar, slot by slot.
    func compute(_ pillar: Int, into dst: inout MutableSpan<Float>) throws(OperatorError) {
        let elements = try elements(of: pillar)
        let points = points.span(of: Float.self).extracting(elements)
        let cell = cells.span(of: Int32.self)
        let mean = decoration.mean(of: points)
        let reference = decoration.reference(row: cell[2 * pillar], column: cell[2 * pillar + 1])
        let count = points.count / decoration.fieldCount
        dst.update(repeating: 0)
        if let tail, let secondWeights {
            let bias = tail.span(of: Float.self)
            let last = secondWeights.shape[0] * width
            for column in 0..<width { dst[column] = bias[last + column] }
        }
        for slot in 0..<operation.slotCount {
            let features = Tensor(zeros: .float32, shape: [decoration.featureCount])
            if slot < count {
                let start = slot * decoration.fieldCount
                let point = points.extracting(start..<start + decoration.fieldCount)
                var target = features.mutableSpan(of: Float.self)
                decoration.decorate(point, mean: mean, reference: reference, into: &target)
            }
            reduce(firstLayer(features), slot: slot, into: &dst)
        }
    }

    /// `relu(f·W₁ + b₁)`.
    private func firstLayer(_ features: Tensor) -> [Float] {
        let f = features.span(of: Float.self)
        let w = weights.span(of: Float.self)
        let b = bias.span(of: Float.self)
        return (0..<hiddenWidth).map { column in
            var sum = b[column]
            for feature in 0..<f.count { sum += f[feature] * w[feature * hiddenWidth + column] }
            return max(sum, 0)
        }
    }

    private func reduce(_ hidden: [Float], slot: Int, into dst: inout MutableSpan<Float>) {
        guard case .slots(let stride) = operation.reduction, let secondWeights else {
            // Nothing is below zero, the start.
            for column in 0..<width { dst[column] = max(dst[column], hidden[column]) }
            return
        }
        guard slot % stride == 0 else { return }
        let w = secondWeights.span(of: Float.self)
        let start = slot / stride * hiddenWidth * width
        for column in 0..<width {
            var sum = dst[column]
            for feature in 0..<hiddenWidth { sum += hidden[feature] * w[start + feature * width + column] }
            dst[column] = sum
        }
    }
}
