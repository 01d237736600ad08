// SPDX-License-Identifier: Apache-2.0

public import Alula

/// Spreads sorted points over slots: `dst[p, s]` is point `s` of pillar `p`, as it came or decorated (see
/// ``PillarDecoration``), and zero where there is none.
///
/// What networks want that know nothing of ``PillarFeatures``. src: sorted points `[N, F]`, counts `[V]`, offsets `[V]`, cells
/// `[V, 2]` and counters `[8]` as ``Voxelise`` gives them. dst `[V, S, F]`, or `[V, S, D]` when decorated.
public struct PaddedPillars: PartitionedOperator {
    /// `PaddedPillars`.
    public static let name = "PaddedPillars"

    /// What points are decorated with, and of how many features they consist.
    public var decoration: PillarDecoration
    /// Whether points are decorated.
    public var isDecorated: Bool
    /// Slots of a pillar.
    public var slotCount: Int

    /// A spreading.
    public init(decoration: PillarDecoration, isDecorated: Bool, slotCount: Int) throws(OperatorError) {
        try checkLimit(slotCount, "max_points", for: Self.name)
        self.decoration = decoration
        self.isDecorated = isDecorated
        self.slotCount = slotCount
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        try self.init(
            decoration: try PillarDecoration(attributes, for: Self.name),
            isDecorated: try attributes.bool("decorated", default: false, for: Self.name),
            slotCount: try attributes.integer("max_points", for: Self.name)
        )
    }

    /// The decoration and the slots.
    public var attributes: Attributes {
        var values = decoration.attributes
        values["decorated"] = .integer(isDecorated ? 1 : 0)
        values["max_points"] = .integer(slotCount)
        return Attributes(values)
    }

    private var width: Int { isDecorated ? decoration.featureCount : decoration.fieldCount }

    /// `[V, S, F]` or `[V, S, D]`.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 5...5)
        for (index, rank) in [2, 1, 1, 2, 1].enumerated() {
            try inputs.require(rank: rank...rank, of: index)
            try inputs.require([index == 0 ? .float32 : .int32], of: index)
        }
        let pillars = try inputs.required(1).shape[0]
        let expected: [Shape] = [
            [try inputs.required(0).shape[0], decoration.fieldCount], [pillars], [pillars], [pillars, 2],
            [Voxelise.Counter.allCases.count],
        ]
        for (index, shape) in expected.enumerated() {
            let got = try inputs.required(index).shape
            guard got == shape else {
                throw .shapeMismatch(operator: Self.name, input: index, got: got, expected: "\(shape)")
            }
        }
        return [TensorType(.float32, [pillars, slotCount, width])]
    }

    /// The definition, pillar by pillar.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        try evaluate(part: 0, of: 1, inputs: inputs, outputs: outputs)
    }

    /// Sixteen.
    public func partCount(inputs: [TensorType?], outputs: [TensorType]) -> Int { 16 }

    /// Every `partCount`-th pillar.
    public func evaluate(
        part: Int,
        of partCount: Int,
        inputs: [Tensor?],
        outputs: [Tensor?]
    ) throws(OperatorError) {
        guard let points = inputs[0], let counts = inputs[1], let offsets = inputs[2], let cells = inputs[3],
            let counters = inputs[4], let dst = outputs[0]
        else { return }
        let pillarCount = Int(counters.span(of: Int32.self)[Voxelise.Counter.pillars.rawValue])
        let rowCount = slotCount * width
        var elements = dst.mutableSpan(of: Float.self)
        for pillar in stride(from: part, to: dst.shape[0], by: partCount) {
            var row = elements._mutatingExtracting(pillar * rowCount..<(pillar + 1) * rowCount)
            row.update(repeating: 0)
            guard pillar < pillarCount else { continue }
            let count = Int(counts.span(of: Int32.self)[pillar])
            let first = Int(offsets.span(of: Int32.self)[pillar])
            guard count >= 1, count <= slotCount, first >= 0, first <= points.shape[0] - count else {
                throw .invalidValue(
                    operator: Self.name,
                    input: 1,
                    got: "\(count) points from \(first) on",
                    expected: "1 to \(slotCount) points inside input 0"
                )
            }
            let fieldCount = decoration.fieldCount
            let src = points.span(of: Float.self).extracting(first * fieldCount..<(first + count) * fieldCount)
            let cell = cells.span(of: Int32.self)
            fill(&row, src, row: cell[2 * pillar], column: cell[2 * pillar + 1])
        }
    }

    private func fill(_ slots: inout MutableSpan<Float>, _ points: Span<Float>, row: Int32, column: Int32) {
        guard isDecorated else {
            for index in 0..<points.count { slots[index] = points[index] }
            return
        }
        let mean = decoration.mean(of: points)
        let reference = decoration.reference(row: row, column: column)
        let fieldCount = decoration.fieldCount
        for slot in 0..<points.count / fieldCount {
            var features = slots._mutatingExtracting(slot * width..<(slot + 1) * width)
            decoration.decorate(
                points.extracting(slot * fieldCount..<(slot + 1) * fieldCount),
                mean: mean,
                reference: reference,
                into: &features
            )
        }
    }

    /// Zero: the time goes into moving points.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
