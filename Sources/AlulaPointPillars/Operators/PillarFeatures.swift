// SPDX-License-Identifier: Apache-2.0

public import Alula

/// The pillar feature network on the points that exist.
///
/// By definition a pillar has `S` slots; slot `s` holds `f[s]`, the decorated features of its point (see
/// ``PillarDecoration``), or zeros where it has no point, and `h[s] = relu(f[s]·W₁ + b₁)`. Then
/// - ``Reduction/maximum``: `dst = max over s of h[s]`;
/// - ``Reduction/slots(stride:)``: `dst = Σₖ h[k·stride]·W₂[k] + b₂`, a dilated convolution over the slots.
///
/// Slots without a point all hold `relu(b₁)`, so they are never computed: they take part in a maximum once, and their share
/// of a sum is `tail`, summed beforehand. ``evaluate(_:into:)`` computes every slot.
///
/// src: sorted points `[N, F]`, counts `[V]`, offsets `[V]`, cells `[V, 2]` and counters `[8]` as ``Voxelise`` gives them;
/// `W₁` `[D, H]`, `b₁` `[H]`; for slots also `W₂` `[K, H, O]` and `tail` `[K + 1, O]` with
/// `tail[j] = b₂ + Σₖ₌ⱼ relu(b₁)·W₂[k]`. dst `[V, O]`; rows behind the last pillar are 0.
public struct PillarFeatures: PartitionedOperator {
    /// `PillarFeatures`.
    public static let name = "PillarFeatures"

    /// How the slots of a pillar become one row.
    public enum Reduction: Sendable, Hashable {
        /// The maximum over all slots: OpenPCDet's and the paper's network.
        case maximum
        /// A convolution over every `stride`-th slot: nutonomy's.
        case slots(stride: Int)
    }

    /// What the network is told of every point.
    public var decoration: PillarDecoration
    /// Slots of a pillar: the most points ``Voxelise`` keeps.
    public var slotCount: Int
    /// What follows the first layer.
    public var reduction: Reduction

    /// A pillar feature network.
    public init(decoration: PillarDecoration, slotCount: Int, reduction: Reduction) throws(OperatorError) {
        try checkLimit(slotCount, "max_points", for: Self.name)
        if case .slots(let stride) = reduction { try checkLimit(stride, "slot_stride", for: Self.name) }
        self.decoration = decoration
        self.slotCount = slotCount
        self.reduction = reduction
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        let stride = try attributes.integer("slot_stride", default: 0, for: Self.name)
        try self.init(
            decoration: try PillarDecoration(attributes, for: Self.name),
            slotCount: try attributes.integer("max_points", for: Self.name),
            reduction: stride == 0 ? .maximum : .slots(stride: stride)
        )
    }

    /// The decoration, the slots, and the stride between those that are read (absent for a maximum).
    public var attributes: Attributes {
        var values = decoration.attributes
        values["max_points"] = .integer(slotCount)
        if case .slots(let stride) = reduction { values["slot_stride"] = .integer(stride) }
        return Attributes(values)
    }

    // MARK: - Shapes

    /// `[V, O]`.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let isMaximum = reduction == .maximum
        let inputs = try CheckedInputs(inputs, of: Self.name, count: isMaximum ? 7...7 : 9...9)
        let ranks = [2, 1, 1, 2, 1, 2, 1, 3, 2]
        for index in 0..<inputs.inputs.count {
            try inputs.require(rank: ranks[index]...ranks[index], of: index)
            try inputs.require([(1...4).contains(index) ? .int32 : .float32], of: index)
        }
        let pillars = try inputs.required(1).shape[0]
        try require([pillars], of: 2, inputs)
        try require([pillars, 2], of: 3, inputs)
        try require([Voxelise.Counter.allCases.count], of: 4, inputs)
        let fields = try inputs.required(0).shape[1]
        guard fields == decoration.fieldCount else {
            throw mismatch(0, try inputs.required(0).shape, "[N, \(decoration.fieldCount)]")
        }
        let weights = try inputs.required(5).shape
        guard weights[0] == decoration.featureCount else {
            throw mismatch(5, weights, "[\(decoration.featureCount), H], the features of a decorated point")
        }
        try require([weights[1]], of: 6, inputs)
        guard case .slots(let stride) = reduction else { return [TensorType(.float32, [pillars, weights[1]])] }
        let second = try inputs.required(7).shape
        guard second[1] == weights[1], second[0] >= 1, (second[0] - 1) * stride + 1 == slotCount else {
            throw mismatch(
                7,
                second,
                "[K, \(weights[1]), O] with (K - 1)·\(stride) + 1 = \(slotCount), the points of a pillar"
            )
        }
        try require([second[0] + 1, second[2]], of: 8, inputs)
        return [TensorType(.float32, [pillars, second[2]])]
    }

    private func require(_ shape: Shape, of index: Int, _ inputs: CheckedInputs) throws(OperatorError) {
        let got = try inputs.required(index).shape
        guard got == shape else { throw mismatch(index, got, "\(shape)") }
    }

    private func mismatch(_ index: Int, _ got: Shape, _ expected: String) -> OperatorError {
        .shapeMismatch(operator: Self.name, input: index, got: got, expected: expected)
    }

    // MARK: - Evaluation

    /// The scalar definition: every slot of every pillar.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let network = PillarNetwork(self, inputs), let dst = outputs[0] else { return }
        let pillarCount = try network.pillarCount()
        var elements = dst.mutableSpan(of: Float.self)
        for pillar in 0..<dst.shape[0] {
            var row = elements._mutatingExtracting(pillar * network.width..<(pillar + 1) * network.width)
            if pillar < pillarCount {
                try network.compute(pillar, into: &row)
            } else {
                row.update(repeating: 0)
            }
        }
    }

    /// Sixteen: each takes every sixteenth group of pillars, so that threads get equal shares of those that exist.
    public func partCount(inputs: [TensorType?], outputs: [TensorType]) -> Int { 16 }

    /// The pillars of one part, many at a time.
    public func evaluate(
        part: Int,
        of partCount: Int,
        inputs: [Tensor?],
        outputs: [Tensor?]
    ) throws(OperatorError) {
        guard let network = PillarNetwork(self, inputs), let dst = outputs[0] else { return }
        var groups = PillarGroups(network)
        let pillarCount = try network.pillarCount()
        for first in stride(from: part * PillarGroups.size, to: dst.shape[0], by: partCount * PillarGroups.size) {
            let group = first..<min(first + PillarGroups.size, dst.shape[0])
            try groups.compute(group.clamped(to: 0..<pillarCount), into: dst)
            var elements = dst.mutableSpan(of: Float.self)
            let rest = group.clamped(to: pillarCount..<dst.shape[0])
            var rows = elements._mutatingExtracting(rest.lowerBound * network.width..<rest.upperBound * network.width)
            rows.update(repeating: 0)
        }
    }

    /// Of all slots, though only those with a point cost anything.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        guard inputs.count > 5, let weights = inputs[5]?.shape, let pillars = outputs.first?.shape[0] else { return 0 }
        guard case .slots = reduction, inputs.count > 7, let second = inputs[7]?.shape else {
            return 2 * pillars * slotCount * weights.elementCount
        }
        return 2 * pillars * second[0] * (weights.elementCount + second[1] * second[2])
    }
}
