// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `loss[n, d…] = -weights[t]·src[n, t, d…]` with the class `t = target[n, d…]`, or the sum or weighted mean of all.
///
/// src: floating point `[N, C, D…]`, logarithms of probabilities; target: int32 or int64 `[N, D…]`; weights: optional,
/// src's type, `[C]`, ones if omitted; loss: src's type, `[N, D…]` or a scalar. Targets equal to the ignored class count
/// nothing, neither in sums nor in means. Source: ONNX NegativeLogLikelihoodLoss, opset 22.
public struct NegativeLogLikelihoodLoss: Operator {
    /// `NegativeLogLikelihoodLoss`.
    public static let name = "NegativeLogLikelihoodLoss"

    /// How the losses are joined.
    public enum Reduction: String, Sendable, Hashable, CaseIterable {
        /// Not at all.
        case none
        /// Their sum.
        case sum
        /// Their sum divided by the sum of their weights.
        case mean
    }

    /// How the losses are joined.
    public var reduction: Reduction
    /// The class that counts nothing.
    public var ignoredClass: Int?

    /// The operator with ONNX's default parameters unless given.
    public init(reduction: Reduction = .mean, ignoredClass: Int? = nil) {
        self.reduction = reduction
        self.ignoredClass = ignoredClass
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        let reduction = try attributes.string("reduction", for: Self.name)
        guard let known = Reduction(rawValue: reduction) else {
            throw .invalidAttribute(
                operator: Self.name,
                attribute: "reduction",
                got: reduction,
                expected: "none, sum or mean"
            )
        }
        self.reduction = known
        if attributes["ignoredClass"] != nil { ignoredClass = try attributes.integer("ignoredClass", for: Self.name) }
    }

    /// `reduction`, and `ignoredClass` where present.
    public var attributes: Attributes {
        var attributes: Attributes = ["reduction": .string(reduction.rawValue)]
        attributes["ignoredClass"] = ignoredClass.map(AttributeValue.integer)
        return attributes
    }

    /// One loss a target, or a scalar.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...3)
        try inputs.require(.floats, of: 0)
        try inputs.require([.int32, .int64], of: 1)
        try inputs.require(rank: 2...Int.max, of: 0)
        let src = try inputs.required(0).type
        let target = try inputs.required(1).shape
        let expected = Shape([src.shape[0]] + src.shape.extents.dropFirst(2))
        guard target == expected else {
            throw .shapeMismatch(operator: Self.name, input: 1, got: target, expected: "\(expected)")
        }
        if let weights = inputs[2] {
            try inputs.requireSameType(0, 2)
            guard weights.shape == [src.shape[1]] else {
                throw .shapeMismatch(operator: Self.name, input: 2, got: weights.shape, expected: "[\(src.shape[1])]")
            }
        }
        return [TensorType(src.dataType, reduction == .none ? target : .scalar)]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0), let targets = inputs.operand(1)?.integers(), let dst = outputs.operand(0)
        else { return }
        let classes = src.shape[1]
        let weights = inputs.operand(2)?.doubles() ?? [Double](repeating: 1, count: classes)
        let inner = src.shape.elementCount(in: 2..<src.shape.rank)
        let logarithms = src.doubles()
        var losses = [Double](repeating: 0, count: targets.count)
        var weightSum = 0.0
        for (index, target) in targets.enumerated() where target != ignoredClass {
            guard (0..<classes).contains(target) else {
                throw .invalidValue(
                    operator: Self.name,
                    input: 1,
                    got: "class \(target)",
                    expected: "0..<\(classes)" + (ignoredClass.map { " or the ignored class \($0)" } ?? "")
                )
            }
            let row = index / inner * classes + target
            losses[index] = -weights[target] * logarithms[row * inner + index % inner]
            weightSum += weights[target]
        }
        if reduction != .none { losses = [losses.reduce(0, +) / (reduction == .mean ? weightSum : 1)] }
        func run<T: FloatElement>(_: T.Type) { write(losses, to: dst) { T($0) } }
        if let type = dst.dataType.floatElementType { run(type) }
    }

    /// A product and a sum for every target.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        guard inputs.count > 1, let target = inputs[1] else { return 0 }
        return 2 * target.shape.elementCount
    }
}
