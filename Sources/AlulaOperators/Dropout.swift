// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = src`, `mask = true` at inference; `dst = mask ? src / (1 - ratio) : 0` with a random mask when training.
///
/// src: floating point, any shape; ratio: optional scalar, ½ if omitted; training: optional bool scalar, false if omitted;
/// dst: src's type; mask: bool, src's shape. The mask is true where numbers of the generator of ONNX's own reference
/// (the Mersenne twister) are not below the ratio. Source: ONNX Dropout, opset 22.
public struct Dropout: Operator {
    /// `Dropout`.
    public static let name = "Dropout"

    /// The seed of the random mask.
    public var seed: Int

    /// Dropout with a seed for training.
    public init(seed: Int = 0) { self.seed = seed }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        seed = try attributes.integer("seed", for: Self.name)
    }

    /// `seed`.
    public var attributes: Attributes { ["seed": .integer(seed)] }

    /// The input's type, and bool in its shape.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...3)
        try inputs.require(.floats, of: 0)
        for index in 1...2 {
            guard let scalar = inputs[index] else { continue }
            try inputs.require(index == 1 ? .floats : [.bool], of: index)
            guard scalar.shape.elementCount == 1 else {
                throw .shapeMismatch(operator: Self.name, input: index, got: scalar.shape, expected: "a scalar")
            }
        }
        let src = try inputs.required(0).type
        return [src, TensorType(.bool, src.shape)]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0) else { return }
        let ratio = inputs.operand(1)?.doubles().first ?? 0.5
        guard inputs.operand(2)?.doubles().first == 1, ratio != 0 else {
            outputs.operand(0)?.copyElements(from: src)
            outputs.operand(1)?.fill(with: true)
            return
        }
        guard ratio > 0, ratio < 1 else {
            throw .invalidValue(operator: Self.name, input: 1, got: "\(ratio)", expected: "0 or more, and below 1")
        }
        var generator = MersenneTwister(seed: UInt32(truncatingIfNeeded: seed))
        let mask = Tensor((0..<src.elementCount).map { _ in generator.nextUnit() >= ratio }, shape: src.shape)
        outputs.operand(1)?.copyElements(from: mask)
        guard let dst = outputs.operand(0), let type = src.dataType.floatElementType else { return }
        func run<T: FloatElement>(_: T.Type) {
            broadcastMap(src, mask, into: dst) { (x: T, isKept: Bool) in T(isKept ? Double(x) / (1 - ratio) : 0) }
        }
        run(type)
    }

    /// Zero: at inference, data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}

extension Tensor {
    /// Sets every element.
    func fill<T: Element>(with value: T) {
        var target = mutableSpan(of: T.self)
        for index in 0..<target.count { target[index] = value }
    }
}
